import { bulk64KiB } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/**
 * The fused echo of large messages. Node allocates 64 KiB for each read, and what that costs depends on what else the
 * process has loaded: so the base is there twice.
 */
export const echo64KiB: Workload = {
  name: 'TCP echo, 64 KiB, c8 w4',
  measures: 'cpu',
  load: bulk64KiB,
  base: { peer: 'socket.pipe' },
  others: [
    { peer: 'millrace' },
    { peer: 'millrace, node driver', fullOnly: true },
    { peer: 'millrace, public path', fullOnly: true },
    { peer: 'socket.pipe, modules loaded', fullOnly: true },
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
  goals: [
    { of: 'millrace', against: 'socket.pipe', floor: 2.2, aim: 3.3 },
    { of: 'millrace', against: 'Bun.listen', floor: 0.9, aim: 1.2, ifThere: true },
  ],
}
