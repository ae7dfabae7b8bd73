import { pingPong64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The observable face. */
export const data64B: Workload = {
  name: '`data$` echo, 64 B ping-pong, c50',
  measures: 'cpu',
  load: pingPong64B,
  base: { peer: 'RxJS fromEvent' },
  others: rows('millrace, data$'),
  compares: 'speed',
  goals: [{ of: 'millrace, data$', against: 'RxJS fromEvent', floor: 1.15, aim: 1.3 }],
}
