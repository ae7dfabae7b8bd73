import { bulk64KiB } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The observable face over large chunks. */
export const data64KiB: Workload = {
  name: '`data$` echo, 64 KiB, c8 w4',
  measures: 'cpu',
  load: bulk64KiB,
  base: { peer: 'RxJS fromEvent' },
  others: rows('millrace, data$'),
  compares: 'speed',
  goals: [{ of: 'millrace, data$', against: 'RxJS fromEvent', floor: 1.5, aim: 2 }],
}
