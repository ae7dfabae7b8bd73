import { InvalidOptionError, type OptionDescription, resolveOptions } from '@millrace/core'
import { checkEndpoint, type Defaulted, SIGNAL_OPTION } from '../common-options.ts'

/**
 * Options of `listen`: Node's, under Node's names. Every one may be left out.
 *
 * @see https://nodejs.org/api/net.html#serverlistenoptions-callback
 */
export interface TcpListenOptions {
  /**
   * The port, 0 to 65,535; 0 asks the system for a free one.
   *
   * @defaultValue 0
   */
  readonly port?: number | undefined
  /**
   * The address, or a name for it. `::` is every address, `0.0.0.0` every one of IPv4.
   *
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string | undefined
  /**
   * The path of a Unix socket, in place of `port` and `host`; at most 107 bytes (103 on macOS). A socket file that is
   * there already is removed if nobody answers on it; anything else there is an error. The file is removed at closing.
   *
   * A Unix socket knows no reset: the peer of a connection that is aborted sees a clean end.
   */
  readonly path?: string | undefined
  /**
   * Connections that the system holds until they are accepted, 1 or more; the system may have a smaller limit of its
   * own.
   *
   * @defaultValue 511
   */
  readonly backlog?: number | undefined
  /**
   * In a worker of `node:cluster`: whether the port is this worker's alone.
   *
   * @defaultValue false
   */
  readonly exclusive?: boolean | undefined
  /**
   * Whether a server on `::` takes no IPv4 connections.
   *
   * @defaultValue false
   */
  readonly ipv6Only?: boolean | undefined
  /**
   * Whether other processes may listen on the same port, the system spreading connections over them (SO_REUSEPORT).
   * Refused on Node older than 22.12 or 23.1, which lacks it.
   *
   * @defaultValue false
   */
  readonly reusePort?: boolean | undefined
  /**
   * Whether all users may read from the Unix socket.
   *
   * @defaultValue false
   */
  readonly readableAll?: boolean | undefined
  /**
   * Whether all users may write to the Unix socket, which on Linux is what connecting takes.
   *
   * @defaultValue false
   */
  readonly writableAll?: boolean | undefined
  /** Gives up listening: `listen` rejects with its reason. Has no effect once the server listens. */
  readonly signal?: AbortSignal | undefined
}

/** Describes {@link TcpListenOptions}; its defaults are these here. */
export const TCP_LISTEN_OPTIONS: Readonly<Record<keyof TcpListenOptions, OptionDescription>> = {
  port: { type: 'integer', range: [0, 65_535], default: 0, help: 'the port; 0 asks the system for a free one' },
  host: { type: 'string', default: '127.0.0.1', help: 'the address, or a name for it; "::" is every address' },
  path: { type: 'string', help: 'the path of a Unix socket, in place of port and host' },
  backlog: {
    type: 'integer',
    unit: 'connections',
    range: [1, 2 ** 31 - 1],
    default: 511,
    help: 'how many connections the system holds until they are accepted',
  },
  exclusive: { type: 'boolean', default: false, help: 'in a cluster worker, do not share the port with the others' },
  ipv6Only: { type: 'boolean', default: false, help: 'on "::", take no IPv4 connections' },
  reusePort: { type: 'boolean', default: false, help: 'share the port with processes that set it too (Node 22.12)' },
  readableAll: { type: 'boolean', default: false, help: 'all users may read from the Unix socket' },
  writableAll: { type: 'boolean', default: false, help: 'all users may connect to the Unix socket' },
  signal: SIGNAL_OPTION,
}

/** The same, checked, with the defaults filled in. */
export type ResolvedListenOptions = Defaulted<TcpListenOptions, Exclude<keyof TcpListenOptions, 'path' | 'signal'>>

/** @throws {@link InvalidOptionError} */
export function resolveListenOptions(given: TcpListenOptions = {}): ResolvedListenOptions {
  const resolved = resolveOptions('listen', TCP_LISTEN_OPTIONS, given) as ResolvedListenOptions
  checkEndpoint('listen', given)
  if (resolved.reusePort && !hasReusePort(process.versions.node)) {
    // Node would take the option and forget it.
    throw new InvalidOptionError('listen.reusePort', `left out on Node ${process.versions.node}, which lacks it`, true)
  }
  return resolved
}

/** Whether `net.Server` of this version of Node knows `reusePort`. */
export function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}
