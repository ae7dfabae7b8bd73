import { connections } from './connections.ts'
import { rows, type Workload } from './workload.ts'

/** Connect, shake hands, echo 16 B, close: what a connection over TLS costs. The message of this workload is a connection. */
export const tlsHandshakes: Workload = {
  name: 'TLS connections: 16 B each, 16 at a time',
  measures: 'cpu',
  load: { ...connections.load, tls: 'full' },
  base: { peer: 'tls.pipe' },
  others: [
    ...rows('millrace, TLS'),
    { peer: 'millrace, TLS, public path', fullOnly: true },
    { peer: 'tls.pipe', label: 'tls.pipe, resumed', load: { tls: 'resumed' }, fullOnly: true },
    { peer: 'millrace, TLS', label: 'millrace, TLS, resumed', load: { tls: 'resumed' }, fullOnly: true },
  ],
  compares: 'speed',
  stretch: 2,
  // Few come by in a second, and much is run for each: for the first second or two compiling is a third of what it costs.
  warmUp: 6,
  goals: [
    { of: 'millrace, TLS', against: 'tls.pipe', floor: 1, aim: 1.1 },
    { of: 'millrace, TLS, resumed', against: 'tls.pipe, resumed', floor: 1, aim: 1.1, ifThere: true },
  ],
}
