import { pipelined1KiB } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The fused echo, where what a read is put into begins to count. */
export const echo1KiB: Workload = {
  name: 'TCP echo, 1 KiB, c16 w32',
  measures: 'cpu',
  load: pipelined1KiB,
  base: { peer: 'socket.pipe' },
  others: [
    { peer: 'millrace' },
    { peer: 'millrace, node driver', fullOnly: true },
    { peer: 'millrace, public path', fullOnly: true },
    ...rows('data and write', 'socket, for await', 'it-pipe', 'Bun.listen', 'C, epoll'),
  ],
  compares: 'speed',
  goals: [{ of: 'millrace', against: 'socket.pipe', floor: 2.5, aim: 3.2 }],
}
