import { pipelined64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/**
 * The four plugins where each is an async transform: as `.transform`s under it-pipe over a connection of ours, and, for
 * comparison, the very generators of the base as the async stages of a pipeline.
 */
export const transforms64B: Workload = {
  name: 'four async transforms, 64 B, c16 w64',
  measures: 'cpu',
  load: { ...pipelined64B, reply: 'upper' },
  base: { peer: 'it-pipe, 4 generators' },
  others: rows('millrace, 4 transforms', 'millrace, 4 async stages'),
  compares: 'speed',
  goals: [{ of: 'millrace, 4 transforms', against: 'it-pipe, 4 generators', floor: 4, aim: 8 }],
}
