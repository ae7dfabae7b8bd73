import { LONGEST_DELAY } from '../connection/clock.ts'
import type { OptionDescriptions, ResolvedOptions } from '../options/option-description.ts'

/** The bounds of a server. Transports take them under these names, beside those of a connection. */
export const SERVER_OPTIONS = {
  maxConnections: {
    type: 'integer',
    unit: 'connections',
    range: [1, Infinity],
    default: 10_000,
    help: 'open connections; one more is refused',
  },
  maxConnectionsPerAddress: {
    type: 'integer',
    unit: 'connections',
    range: [1, Infinity],
    default: 256,
    help: 'open connections from one IP address; one more is refused',
  },
  acceptBacklog: {
    type: 'integer',
    unit: 'connections',
    range: [1, 65_536],
    default: 128,
    help: 'without a pipeline: accepted connections that wait to be iterated; one more is refused',
  },
  lingerTimeout: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 30_000,
    help: 'how long a peer is waited for after its handler has ended, and a handler after its peer broke the protocol; 0: without end',
  },
  drainTimeout: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 15_000,
    help: 'how long work may go on after draining has begun, until it is cut off; 0 waits without end',
  },
  maxPushBytes: {
    type: 'integer',
    unit: 'bytes',
    range: [1, Infinity],
    default: 16 * 1024 * 1024,
    help: 'what one push of a stage may emit',
  },
} as const satisfies OptionDescriptions

/** The bounds of a server, resolved. */
export type ServerLimits = ResolvedOptions<typeof SERVER_OPTIONS>
