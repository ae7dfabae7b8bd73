import { pipelined64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The four plugins on messages so small that the plugins, and not the socket, are what costs: fused. */
export const chain64B: Workload = {
  name: 'four plugins, 64 B, c16 w64',
  measures: 'cpu',
  load: { ...pipelined64B, reply: 'upper' },
  base: { peer: 'it-pipe, 4 generators' },
  others: rows('millrace, 4 plugins'),
  compares: 'speed',
  goals: [{ of: 'millrace, 4 plugins', against: 'it-pipe, 4 generators', floor: 8, aim: 10 }],
}
