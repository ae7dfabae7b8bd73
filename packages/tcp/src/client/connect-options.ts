import { isIP, type LookupFunction } from 'node:net'
import {
  CONNECTION_OPTIONS,
  type ConnectionLimits,
  InvalidOptionError,
  type OptionDescription,
  type OptionsOf,
  resolveOptions,
  SERVER_OPTIONS,
} from '@millrace/core'
import {
  checkEndpoint,
  CONTAINER_OPTIONS,
  type ContainerOptions,
  type Defaulted,
  LONGEST_DELAY,
  SIGNAL_OPTION,
} from '../common-options.ts'
import { TCP_SOCKET_OPTIONS, type TcpSocketOptions } from '../socket-options.ts'
import { type ClientTls, TLS_OPTION, type TlsClientOptions, toClientTls } from '../tls/tls-options.ts'

/** Where a client connects to, and how: Node's options, under Node's names, and `connectTimeout`. */
export interface TcpTargetOptions {
  /** The port, 1 to 65,535. Needed, but for a Unix socket. */
  readonly port?: number | undefined
  /**
   * The address, or a name for it. Of a name with several addresses all are tried (Happy Eyeballs, RFC 8305, as Node
   * does it).
   *
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string | undefined
  /**
   * The path of a Unix socket, in place of `port` and `host`. It knows no reset: a connection that the server aborts
   * ends cleanly here.
   */
  readonly path?: string | undefined
  /**
   * The family that names are looked up in: 4, 6, or 0 for both.
   *
   * @defaultValue 0
   */
  readonly family?: 0 | 4 | 6 | undefined
  /**
   * Flags of `dns.lookup`, such as `dns.ADDRCONFIG`.
   *
   * @defaultValue 0
   */
  readonly hints?: number | undefined
  /** The local address to connect from, no name; the system chooses where it is left out. */
  readonly localAddress?: string | undefined
  /** The local port to connect from, 0 to 65,535; the system chooses where it is left out. */
  readonly localPort?: number | undefined
  /** Looks names up in place of `dns.lookup`; has its signature. */
  readonly lookup?: LookupFunction | undefined
  /**
   * Whether a name's IPv6 and IPv4 addresses are tried in turn.
   *
   * @defaultValue true
   */
  readonly autoSelectFamily?: boolean | undefined
  /**
   * How long each of them has until the next is tried, in milliseconds; at least 10, as in Node.
   *
   * @defaultValue 250
   */
  readonly autoSelectFamilyAttemptTimeout?: number | undefined
  /**
   * Speaks TLS; `true` is with Node's defaults. The server's certificate is checked unless `rejectUnauthorized` is false.
   */
  readonly tls?: TlsClientOptions | true | undefined
  /**
   * How long connecting may take in all, looking the name up and the handshake of TLS included, in milliseconds; 0 leaves it to the system
   * (about two minutes on Linux).
   *
   * @defaultValue 10_000
   */
  readonly connectTimeout?: number | undefined
  /** Gives up connecting: the promise rejects with its reason. Has no effect on a connection that has come about. */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link connectTcp}: either `port` or `path` is needed. The bounds are those of the connection. */
export interface TcpConnectOptions
  extends TcpTargetOptions,
    TcpSocketOptions,
    ContainerOptions,
    OptionsOf<typeof CONNECTION_OPTIONS> {
  /**
   * What one push of a stage may emit, in bytes.
   *
   * @defaultValue 16 MiB
   */
  readonly maxPushBytes?: number | undefined
}

/** Describes {@link TcpConnectOptions}; its defaults are these here. */
export const TCP_CONNECT_OPTIONS: Readonly<Record<keyof TcpConnectOptions, OptionDescription>> = {
  port: { type: 'integer', range: [1, 65_535], help: 'the port' },
  host: { type: 'string', default: '127.0.0.1', help: 'the address, or a name for it' },
  path: { type: 'string', help: 'the path of a Unix socket, in place of port and host' },
  family: {
    type: 'code',
    expected: '0, 4 or 6',
    check: (value): value is 0 | 4 | 6 => value === 0 || value === 4 || value === 6,
    help: 'the family that names are looked up in; 0 for both',
  },
  hints: { type: 'integer', range: [0, 2 ** 31 - 1], help: 'flags of dns.lookup' },
  localAddress: {
    type: 'code',
    expected: 'an IP address',
    check: (value): value is string => typeof value === 'string' && isIP(value) !== 0,
    help: 'the local address to connect from',
  },
  localPort: { type: 'integer', range: [0, 65_535], help: 'the local port to connect from' },
  lookup: {
    type: 'code',
    expected: 'a function',
    check: (value): value is LookupFunction => typeof value === 'function',
    help: 'looks names up in place of dns.lookup',
  },
  autoSelectFamily: { type: 'boolean', default: true, help: 'try the IPv6 and IPv4 addresses of a name in turn' },
  autoSelectFamilyAttemptTimeout: {
    type: 'integer',
    unit: 'ms',
    range: [10, LONGEST_DELAY],
    default: 250,
    help: 'how long each address has until the next is tried',
  },
  connectTimeout: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 10_000,
    help: 'how long connecting may take in all; 0 leaves it to the system',
  },
  tls: TLS_OPTION,
  signal: SIGNAL_OPTION,
  ...TCP_SOCKET_OPTIONS,
  ...CONNECTION_OPTIONS,
  maxPushBytes: SERVER_OPTIONS.maxPushBytes,
  ...CONTAINER_OPTIONS,
}

/** The same, checked, with the defaults filled in. */
export type ResolvedConnectOptions = ConnectionLimits &
  Defaulted<
    TcpConnectOptions,
    | 'host'
    | 'autoSelectFamily'
    | 'autoSelectFamilyAttemptTimeout'
    | 'connectTimeout'
    | 'maxPushBytes'
    | keyof TcpSocketOptions
  > & {
    /** Made from `tls`, once. */
    readonly clientTls: ClientTls | undefined
  }

/**
 * @param owner - leads the names in errors.
 * @throws {@link InvalidOptionError}
 */
export function resolveConnectOptions(given: TcpConnectOptions, owner: string): ResolvedConnectOptions {
  const resolved = resolveOptions(owner, TCP_CONNECT_OPTIONS, given) as ResolvedConnectOptions
  checkEndpoint(owner, given)
  if (resolved.port === undefined && resolved.path === undefined) {
    throw new InvalidOptionError(`${owner}.port`, 'an integer from 1 to 65535, where no path is given', undefined)
  }
  const { tls } = given
  return { ...resolved, clientTls: tls && toClientTls(`${owner}.tls`, tls) }
}
