import type { Workload } from './workload.ts'

/**
 * Ten messages in flight, over ten connections and over 10,000: what is looked up, walked or kept for each connection
 * shows here. The echo in C tells how much of the growth is the kernel's.
 */
export const crowdTcp: Workload = {
  name: 'TCP echo, 64 B, from 10 to 10,000',
  measures: 'cpu',
  load: { transport: 'tcp', pace: 'crowd', connections: 10, window: 10, size: 64, reply: 'same' },
  base: { peer: 'millrace', label: 'millrace, 10 connections' },
  others: [
    { peer: 'millrace', label: 'millrace, 10,000 connections', load: { connections: 10_000 } },
    { peer: 'socket.pipe', label: 'socket.pipe, 10 connections', fullOnly: true },
    { peer: 'socket.pipe', label: 'socket.pipe, 10,000 connections', load: { connections: 10_000 }, fullOnly: true },
    { peer: 'C, epoll', label: 'C, 10 connections', fullOnly: true },
    { peer: 'C, epoll', label: 'C, 10,000 connections', load: { connections: 10_000 }, fullOnly: true },
  ],
  compares: 'cost',
  goals: [{ of: 'millrace, 10,000 connections', against: 'millrace, 10 connections', floor: 1.5, aim: 1.2 }],
}
