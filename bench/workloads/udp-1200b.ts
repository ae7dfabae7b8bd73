import type { Workload } from './workload.ts'

/** 64 datagrams in flight, from eight peers, of the size that QUIC takes to fit any path. */
export const udp1200B: Workload = {
  name: 'UDP echo, 1200 B, c8 w8',
  load: { transport: 'udp', connections: 8, window: 8, size: 1200, reply: 'same' },
  base: 'node:dgram',
  others: ['millrace, UDP'],
  floor: { peer: 'millrace, UDP', ratio: 0.9 },
}
