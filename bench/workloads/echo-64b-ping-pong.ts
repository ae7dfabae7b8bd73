import { pingPong64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/** The fused echo, where little but the wake-up is to be paid. */
export const echo64BPingPong: Workload = {
  name: 'TCP echo, 64 B ping-pong, c50',
  measures: 'cpu',
  load: pingPong64B,
  base: { peer: 'socket.pipe' },
  others: [
    { peer: 'millrace' },
    { peer: 'millrace, node driver', fullOnly: true },
    { peer: 'millrace, public path', fullOnly: true },
    ...rows(
      'data and write',
      'socket, for await',
      'it-pipe',
      'RxJS fromEvent',
      'libp2p, events',
      'libp2p, for await',
      'Effect',
      'Node 24, socket.pipe',
      'Node 24, millrace',
      'Node 26, socket.pipe',
      'Node 26, millrace',
      'Deno.listen',
      'Bun.listen',
      'C, epoll',
    ),
  ],
  compares: 'speed',
  goals: [{ of: 'millrace', against: 'socket.pipe', floor: 1.12, aim: 1.3 }],
}
