import { LONGEST_DELAY } from './clock.ts'
import type { OptionDescriptions, ResolvedOptions } from '../options/option-description.ts'

/** The bounds of one connection. Servers and clients take them under these names. */
export const CONNECTION_OPTIONS = {
  highWaterMark: {
    type: 'integer',
    unit: 'bytes',
    range: [1, 2 ** 30],
    default: 256 * 1024,
    help: 'unsent bytes at which write returns false and an echoing pipeline stops reading',
  },
  maxWriteBuffer: {
    type: 'integer',
    unit: 'bytes',
    range: [1, Infinity],
    default: 64 * 1024 * 1024,
    help: 'unsent bytes at which a further write fails the connection with BufferOverflowError',
  },
  idleTimeout: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 60_000,
    help: 'no byte either way for this long closes the connection; 0 never does',
  },
  writeTimeout: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 30_000,
    help: 'a peer that takes nothing of what was written for this long is reset; 0 never is',
  },
} as const satisfies OptionDescriptions

/** The bounds of one connection, resolved. */
export type ConnectionLimits = ResolvedOptions<typeof CONNECTION_OPTIONS>
