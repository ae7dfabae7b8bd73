import {
  type ConnectionLimits,
  type OptionDescription,
  resolveOptions,
  SERVER_OPTIONS,
  type ServerLimits,
} from '@millrace/core'
import { COMMON_OPTIONS, type CommonOptions, type Defaulted, LONGEST_DELAY } from '../common-options.ts'

/** Options of {@link createUdpServer}. Every one may be left out. Times in milliseconds, sizes in bytes. */
export interface UdpServerOptions extends CommonOptions {
  /**
   * One set of stages for all peers and no sessions. Every plugin must be declared `perDatagram`, and the last one be
   * `echo`, `discard` or `respond`.
   *
   * @defaultValue false
   */
  readonly stateless?: boolean | undefined
  /**
   * Sessions at a time. In a full table a new session takes the place of the one idle the longest, if that is more than
   * half of `sessionIdleTimeout`; where there is none, datagrams of further peers are dropped.
   *
   * @defaultValue 10_000
   */
  readonly maxSessions?: number | undefined
  /**
   * Sessions at a time with one address; datagrams of its further ports are dropped.
   *
   * @defaultValue 64
   */
  readonly maxSessionsPerAddress?: number | undefined
  /**
   * Sessions begun in a second; datagrams of further peers are dropped.
   *
   * @defaultValue 1_000
   */
  readonly maxNewSessionsPerSecond?: number | undefined
  /**
   * A session whose peer has sent nothing for this long ends, at most a twentieth late. What we send keeps a session
   * only once its peer is proven. A handler that is still there a whole timeout after is cut off. 0 never ends one.
   *
   * @defaultValue 30_000
   */
  readonly sessionIdleTimeout?: number | undefined
  /**
   * Bytes sent to a peer that is not proven, to bytes received from it (in stateless serving: in that datagram). More
   * is dropped. `Infinity` sets no bound, and makes the server an amplifier for whoever forges a source address.
   *
   * @defaultValue 3
   * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-8.1 RFC 9000, 8.1}
   */
  readonly maxReplyRatio?: number | undefined
  /**
   * Datagrams sent to a peer that is not proven, for each one received from it. More are dropped.
   *
   * @defaultValue 256
   */
  readonly maxReplyDatagrams?: number | undefined
  /**
   * Without a pipeline: sessions that wait to be iterated; datagrams of further peers are dropped.
   *
   * @defaultValue 128
   */
  readonly acceptBacklog?: number | undefined
  /**
   * How long work may go on after draining has begun, until it is cut off; 0 waits without end.
   *
   * @defaultValue 15_000
   */
  readonly drainTimeout?: number | undefined
}

const SESSIONS = { type: 'integer', unit: 'sessions', range: [1, 1_000_000] } as const

/** Describes {@link UdpServerOptions}; its defaults are these here. */
export const UDP_SERVER_OPTIONS: Readonly<Record<keyof UdpServerOptions, OptionDescription>> = {
  stateless: {
    type: 'boolean',
    default: false,
    help: 'one set of stages for all peers and no sessions; every plugin must be declared perDatagram',
  },
  maxSessions: { ...SESSIONS, default: 10_000, help: 'sessions at a time; datagrams of further peers are dropped' },
  maxSessionsPerAddress: {
    ...SESSIONS,
    default: 64,
    help: 'sessions at a time with one address; datagrams of its further ports are dropped',
  },
  maxNewSessionsPerSecond: {
    type: 'integer',
    unit: 'sessions',
    range: [1, Infinity],
    default: 1_000,
    help: 'sessions begun in a second; datagrams of further peers are dropped',
  },
  sessionIdleTimeout: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 30_000,
    help: 'a session whose peer has sent nothing for this long ends; 0 never does',
  },
  maxReplyRatio: {
    type: 'number',
    unit: 'bytes out to bytes in',
    range: [0, Infinity],
    default: 3,
    help: 'bytes sent to a peer that is not proven, to bytes received from it; more is dropped',
  },
  maxReplyDatagrams: {
    type: 'integer',
    unit: 'datagrams',
    range: [0, Infinity],
    default: 256,
    help: 'datagrams sent to a peer that is not proven, for each one received from it; more are dropped',
  },
  acceptBacklog: SERVER_OPTIONS.acceptBacklog,
  drainTimeout: SERVER_OPTIONS.drainTimeout,
  ...COMMON_OPTIONS,
}

/** The same, checked, with the defaults filled in. */
export type ResolvedServerOptions = Defaulted<UdpServerOptions, Exclude<keyof UdpServerOptions, 'container'>>

/** @throws {@link InvalidOptionError} */
export function resolveServerOptions(given: UdpServerOptions = {}): ResolvedServerOptions {
  return resolveOptions('createUdpServer', UDP_SERVER_OPTIONS, given) as ResolvedServerOptions
}

/**
 * The bounds that all servers have, in those of this one. Sessions are bounded in the listener's table, which lets one
 * go before its connection is gone: a second count would refuse its successor.
 */
export function toServerLimits(options: ResolvedServerOptions): ServerLimits & { readonly highWaterMark: number } {
  const { acceptBacklog, drainTimeout, maxPushBytes, highWaterMark } = options
  const unbounded = { maxConnections: Infinity, maxConnectionsPerAddress: Infinity }
  // A session has no half-close for a peer to answer: there is nothing to linger for.
  return { ...unbounded, acceptBacklog, drainTimeout, maxPushBytes, highWaterMark, lingerTimeout: 0 }
}

/**
 * The bounds of each session; its idle timeout is the table's, and what the kernel does not take is dropped at some
 * point.
 */
export function toSessionLimits({ highWaterMark, maxWriteBuffer }: ResolvedServerOptions): ConnectionLimits {
  return { highWaterMark, maxWriteBuffer, idleTimeout: 0, writeTimeout: 0 }
}
