import { bulk64KiB } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The iterator face over large chunks, each of which is its reader's to keep. */
export const forAwait64KiB: Workload = {
  name: '`for await` echo, 64 KiB, c8 w4',
  measures: 'cpu',
  load: bulk64KiB,
  base: { peer: 'socket.pipe' },
  others: rows('millrace, source to sink', 'millrace, for await', 'socket, for await', 'it-pipe', 'libp2p, for await'),
  compares: 'speed',
  goals: [{ of: 'millrace, source to sink', against: 'socket.pipe', floor: 1.4, aim: 2 }],
}
