import type { Workload } from './workload.ts'

const many = { connections: 100_000 } as const

/**
 * 64 datagrams in flight, from ten peers and from 100,000, each with an address of its own in 127/8: needs a C compiler,
 * as Node cannot send from 100,000 addresses. The echo in C tells how much of the growth is the kernel's.
 */
export const crowdUdp: Workload = {
  name: 'UDP echo, 64 B, from 10 to 100,000',
  measures: 'cpu',
  load: { transport: 'udp', pace: 'crowd', connections: 10, window: 64, size: 64, reply: 'same' },
  base: { peer: 'millrace, UDP many', label: 'millrace, 10 sessions' },
  others: [
    { peer: 'millrace, UDP many', label: 'millrace, 100,000 sessions', load: many },
    { peer: 'millrace, UDP native, many', label: 'millrace native, 10 sessions' },
    { peer: 'millrace, UDP native, many', label: 'millrace native, 100,000 sessions', load: many },
    { peer: 'node:dgram', label: 'node:dgram, 10 peers' },
    { peer: 'node:dgram', label: 'node:dgram, 100,000 peers', load: many },
    { peer: 'C, recvmmsg', label: 'C, 10 peers' },
    { peer: 'C, recvmmsg', label: 'C, 100,000 peers', load: many },
  ],
  compares: 'cost',
  goals: [
    { of: 'millrace, 100,000 sessions', against: 'millrace, 10 sessions', floor: 1.5, aim: 1.2, ifThere: true },
    {
      of: 'millrace native, 100,000 sessions',
      against: 'millrace native, 10 sessions',
      floor: 1.5,
      aim: 1.2,
      ifThere: true,
    },
  ],
  fullOnly: true,
}
