import { udp64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** A session for each peer, on either driver. */
export const udpEcho64B: Workload = {
  name: 'UDP echo, 64 B, c8 w8',
  measures: 'cpu',
  load: udp64B,
  base: { peer: 'node:dgram' },
  others: rows('millrace, UDP', 'millrace, UDP native', 'Bun.udpSocket', 'C, recvmmsg'),
  compares: 'speed',
  goals: [
    { of: 'millrace, UDP', against: 'node:dgram', floor: 1, aim: 1.15 },
    { of: 'millrace, UDP native', against: 'node:dgram', floor: 2.2, aim: 2.6, ifThere: true },
    { of: 'millrace, UDP native', against: 'Bun.udpSocket', floor: 1.25, aim: 1.5, ifThere: true },
    { of: 'millrace, UDP native', against: 'C, recvmmsg', floor: 0.72, aim: 0.85, ifThere: true },
  ],
  lossless: ['millrace, UDP', 'millrace, UDP native'],
}
