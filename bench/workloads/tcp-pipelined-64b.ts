import type { Workload } from './workload.ts'

/** Many small messages at a time, of which one read takes several. */
export const tcpPipelined64B: Workload = {
  name: 'TCP echo, 64 B pipelined, c16 w64',
  load: { transport: 'tcp', connections: 16, window: 64, size: 64, reply: 'same' },
  base: 'socket.pipe',
  others: ['millrace', 'it-pipe'],
  floor: { peer: 'millrace', ratio: 0.95 },
}
