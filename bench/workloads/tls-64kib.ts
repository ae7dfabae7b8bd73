import { bulk64KiB } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The echo of large messages, each four full records of TLS. */
export const tls64KiB: Workload = {
  name: 'TLS echo, 64 KiB, c8 w4',
  measures: 'cpu',
  load: { ...bulk64KiB, tls: 'full' },
  base: { peer: 'tls.pipe' },
  others: [...rows('millrace, TLS'), { peer: 'millrace, TLS, public path', fullOnly: true }],
  compares: 'speed',
  goals: [{ of: 'millrace, TLS', against: 'tls.pipe', floor: 1.1, aim: 1.3 }],
}
