import type { Workload } from './workload.ts'

/** One small message at a time: what a wake-up costs. */
export const tcpPingPong64B: Workload = {
  name: 'TCP echo, 64 B ping-pong, c50',
  load: { transport: 'tcp', connections: 50, window: 1, size: 64, reply: 'same' },
  base: 'socket.pipe',
  others: ['millrace', 'it-pipe'],
  floor: { peer: 'millrace', ratio: 0.95 },
}
