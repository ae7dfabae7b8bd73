import { bulk64KiB } from './loads.ts'
import type { Workload } from './workload.ts'

/**
 * What the four plugins add to large messages. The goal is about the pipeline, so one plugin in the place of upper-casing passes
 * the bytes on; upper-casing itself touches every byte, which costs more than reading and writing them.
 */
export const chain64KiB: Workload = {
  name: 'four plugins, 64 KiB, c8 w4',
  measures: 'cpu',
  load: bulk64KiB,
  base: { peer: 'millrace' },
  others: [
    { peer: 'millrace, 4 plugins, bytes left alone' },
    { peer: 'millrace, 4 plugins, 64 KiB', load: { reply: 'upper' } },
  ],
  compares: 'speed',
  goals: [{ of: 'millrace, 4 plugins, bytes left alone', against: 'millrace', floor: 0.85, aim: 0.95 }],
}
