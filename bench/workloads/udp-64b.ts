import type { Workload } from './workload.ts'

/** 64 small datagrams in flight, from eight peers. */
export const udp64B: Workload = {
  name: 'UDP echo, 64 B, c8 w8',
  load: { transport: 'udp', connections: 8, window: 8, size: 64, reply: 'same' },
  base: 'node:dgram',
  others: ['millrace, UDP'],
  floor: { peer: 'millrace, UDP', ratio: 0.9 },
}
