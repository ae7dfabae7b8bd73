import { pipelined64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The fused echo, many messages to a read. */
export const echo64BPipelined: Workload = {
  name: 'TCP echo, 64 B pipelined, c16 w64',
  measures: 'cpu',
  load: pipelined64B,
  base: { peer: 'socket.pipe' },
  others: [
    { peer: 'millrace' },
    { peer: 'millrace, node driver', fullOnly: true },
    { peer: 'millrace, public path', fullOnly: true },
    ...rows('data and write', 'socket, for await', 'it-pipe', 'RxJS fromEvent', 'Bun.listen', 'C, epoll'),
  ],
  compares: 'speed',
  goals: [{ of: 'millrace', against: 'socket.pipe', floor: 1.3, aim: 1.5 }],
}
