import { rows, type Workload } from './workload.ts'

/** Connect, echo 16 B, close: what a connection costs. The message of this workload is a connection. */
export const connections: Workload = {
  name: 'connections: 16 B each, 16 at a time',
  measures: 'cpu',
  load: { transport: 'tcp', pace: 'reconnect', connections: 16, window: 1, size: 16, reply: 'same' },
  base: { peer: 'socket.pipe' },
  others: [
    { peer: 'millrace' },
    { peer: 'millrace, node driver', fullOnly: true },
    { peer: 'millrace, public path', fullOnly: true },
    ...rows('data and write', 'it-pipe', 'Deno.listen', 'Bun.listen', 'C, epoll'),
  ],
  compares: 'speed',
  // With fewer to warm up on, what is measured is not compiled yet.
  stretch: 3,
  goals: [{ of: 'millrace', against: 'socket.pipe', floor: 1.05, aim: 2 }],
}
