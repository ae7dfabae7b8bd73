import { pingPong64B } from './loads.ts'
import { rows, type Workload } from './workload.ts'

/**
 * Request and answer of a small JSON message in the wire format of NestJS's TCP transport: the one work that NestJS does
 * and an echo does not. Ours is a codec of that format and `respond`; NestJS adds its dispatch by pattern, a context and
 * an observable for each call.
 */
export const jsonCalls: Workload = {
  name: 'JSON calls, 64 B of text, c50',
  measures: 'cpu',
  load: { ...pingPong64B, reply: 'call' },
  base: { peer: 'socket, JSON calls' },
  others: rows('millrace, JSON calls', 'NestJS, TCP'),
  compares: 'speed',
  goals: [],
  fullOnly: true,
}
