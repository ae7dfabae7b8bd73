import { bulk64KiB } from './loads.ts'
import type { Workload } from './workload.ts'

/** What the four plugins add to large messages: upper-casing touches every byte. */
export const chain64KiB: Workload = {
  name: 'four plugins, 64 KiB, c8 w4',
  measures: 'cpu',
  load: bulk64KiB,
  base: { peer: 'millrace' },
  others: [{ peer: 'millrace, 4 plugins, 64 KiB', load: { reply: 'upper' } }],
  compares: 'speed',
  goals: [{ of: 'millrace, 4 plugins, 64 KiB', against: 'millrace', floor: 0.85, aim: 0.95 }],
}
