import type { Workload } from './workload.ts'

/**
 * Large messages: what moving the bytes costs. Node allocates 64 KiB for each read, and what that costs depends on what
 * else the process has loaded: so the base is there twice.
 */
export const tcpBulk64KiB: Workload = {
  name: 'TCP echo, 64 KiB, c8 w4',
  load: { transport: 'tcp', connections: 8, window: 4, size: 65_536, reply: 'same' },
  base: 'socket.pipe',
  others: ['millrace', 'socket.pipe, modules loaded', 'it-pipe'],
  floor: { peer: 'millrace', ratio: 0.95 },
}
