import type { Workload } from './workload.ts'

/** Large messages: what moving the bytes costs. */
export const tcpBulk64KiB: Workload = {
  name: 'TCP echo, 64 KiB, c8 w4',
  load: { transport: 'tcp', connections: 8, window: 4, size: 65_536, reply: 'same' },
  base: 'socket.pipe',
  others: ['millrace', 'socket.pipe, modules loaded', 'it-pipe'],
  floor: { peer: 'millrace', ratio: 0.95 },
}
