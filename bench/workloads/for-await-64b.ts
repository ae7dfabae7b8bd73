import { pingPong64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The iterator face, a promise or so for each wake-up. */
export const forAwait64B: Workload = {
  name: '`for await` echo, 64 B ping-pong, c50',
  measures: 'cpu',
  load: pingPong64B,
  base: { peer: 'socket.pipe' },
  others: rows('millrace, source to sink', 'millrace, for await', 'socket, for await', 'it-pipe', 'libp2p, for await'),
  compares: 'speed',
  goals: [{ of: 'millrace, source to sink', against: 'socket.pipe', floor: 1, aim: 1.1 }],
}
