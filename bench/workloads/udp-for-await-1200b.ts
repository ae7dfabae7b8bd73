import { udp1200B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** A session for each peer, through its iterator. The floor is the native driver's. */
export const udpForAwait1200B: Workload = {
  name: 'UDP `for await` echo, 1200 B, c8 w8',
  measures: 'cpu',
  load: udp1200B,
  base: { peer: 'node:dgram' },
  others: rows('millrace, UDP for await', 'millrace, UDP native, for await'),
  compares: 'speed',
  goals: [{ of: 'millrace, UDP native, for await', against: 'node:dgram', floor: 2, aim: 2.4, ifThere: true }],
  lossless: ['millrace, UDP for await', 'millrace, UDP native, for await'],
}
