import { bulk64KiB } from './loads.ts'
import type { Workload } from './workload.ts'

/**
 * What the four plugins add to large messages. Upper-casing touches every byte, which costs more than reading and writing them:
 * with a plugin in its place that passes them on, what is left is the pipeline.
 */
export const chain64KiB: Workload = {
  name: 'four plugins, 64 KiB, c8 w4',
  measures: 'cpu',
  load: bulk64KiB,
  base: { peer: 'millrace' },
  others: [
    { peer: 'millrace, 4 plugins, 64 KiB', load: { reply: 'upper' } },
    { peer: 'millrace, 4 plugins, bytes left alone' },
  ],
  compares: 'speed',
  goals: [
    { of: 'millrace, 4 plugins, 64 KiB', against: 'millrace', floor: 0.85, aim: 0.95 },
    { of: 'millrace, 4 plugins, bytes left alone', against: 'millrace', floor: 0.85, aim: 0.95 },
  ],
}
