import type { Workload } from './workload.ts'

/** What an idle connection weighs: resident memory of 9,000, each echoed once, over that of the fresh server. */
export const idleMemory: Workload = {
  name: 'memory of an idle connection, of 9,000',
  measures: 'memory',
  load: { transport: 'tcp', pace: 'steady', connections: 9_000, window: 1, size: 16, reply: 'same' },
  base: { peer: 'socket.pipe' },
  others: [
    { peer: 'millrace, 3 plugins', load: { reply: 'upper' } },
    { peer: 'millrace, 3 plugins, node driver', load: { reply: 'upper' } },
    { peer: 'millrace' },
    { peer: 'millrace, public path' },
    { peer: 'it-pipe' },
    { peer: 'Bun.listen' },
    { peer: 'C, epoll' },
  ],
  compares: 'cost',
  goals: [{ of: 'millrace, 3 plugins', against: 'socket.pipe', floor: 0.7, aim: 0.3 }],
  fullOnly: true,
}
