import type { Workload } from './workload.ts'

/** The four plugins on messages so small that the plugins, and not the socket, are what costs. */
export const chain64B: Workload = {
  name: 'four plugins, 64 B, c16 w64',
  load: { transport: 'tcp', connections: 16, window: 64, size: 64, reply: 'upper' },
  base: 'it-pipe, 4 generators',
  others: ['millrace, 4 plugins'],
  floor: { peer: 'millrace, 4 plugins', ratio: 5 },
}
