import { pingPong64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The echo of small messages, each a record of TLS. */
export const tls64B: Workload = {
  name: 'TLS echo, 64 B ping-pong, c50',
  measures: 'cpu',
  load: { ...pingPong64B, tls: 'full' },
  base: { peer: 'tls.pipe' },
  others: [...rows('millrace, TLS'), { peer: 'millrace, TLS, public path', fullOnly: true }],
  compares: 'speed',
  goals: [{ of: 'millrace, TLS', against: 'tls.pipe', floor: 1, aim: 1.1 }],
}
