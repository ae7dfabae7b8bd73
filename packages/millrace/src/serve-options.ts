import {
  type AbortOptions,
  type DependencyContainer,
  InvalidOptionError,
  type OptionDescription,
  type OptionDescriptions,
  resolveOptions,
  type ServerEvent,
} from '@millrace/core'
import {
  TCP_LISTEN_OPTIONS,
  TCP_SERVER_OPTIONS,
  type TcpListenOptions,
  type TcpServerOptions,
  TLS_SERVER_OPTIONS,
  type TlsServerOptions,
} from '@millrace/tcp'
import { UDP_LISTEN_OPTIONS, UDP_SERVER_OPTIONS, type UdpListenOptions, type UdpServerOptions } from '@millrace/udp'

/** What `serve` can listen on. */
export type ListenerKind = 'tcp' | 'tls' | 'udp' | 'unix'

/** Said once for all listeners, in {@link ServeOptions}. */
type Shared = 'container' | 'signal'
type UnixListen = 'path' | 'readableAll' | 'writableAll'
type TcpSocket = 'noDelay' | 'keepAlive' | 'keepAliveInitialDelay'
type Tls = 'tls' | 'handshakeTimeout'

/** A TCP listener of {@link serve}: the options of its server and those of its `listen` in one object. */
export interface TcpServeOptions extends Omit<TcpListenOptions, UnixListen | Shared>, Omit<TcpServerOptions, Shared | Tls> {}

/**
 * A listener of {@link serve} that speaks TLS: the options of its server, those of its `listen` and those of TLS in one object.
 * `cert` and `key` are needed, or `pfx`, or `SNICallback`.
 */
export interface TlsServeOptions
  extends Omit<TcpListenOptions, UnixListen | Shared>,
    Omit<TcpServerOptions, Shared | 'tls'>,
    TlsServerOptions {}

/** A UDP listener of {@link serve}: the options of its server and those of its `listen` in one object. */
export interface UdpServeOptions extends Omit<UdpListenOptions, Shared>, Omit<UdpServerOptions, Shared> {}

/** A Unix socket of {@link serve}: the options of its server and those of its `listen` in one object. `path` is needed. */
export interface UnixServeOptions
  extends Pick<TcpListenOptions, 'backlog' | 'readableAll' | 'writableAll'>,
    Omit<TcpServerOptions, TcpSocket | Shared | Tls> {
  readonly path: string
}

/** Options of {@link serve}; at least one listener is needed. */
export interface ServeOptions extends AbortOptions {
  readonly tcp?: TcpServeOptions | undefined
  readonly tls?: TlsServeOptions | undefined
  readonly udp?: UdpServeOptions | undefined
  readonly unix?: UnixServeOptions | undefined
  /** Where the plugins' services come from, and the clock; what is not registered there has its default. */
  readonly container?: DependencyContainer | undefined
  /**
   * Gets every event of every listener, those from before `serve` has resolved too, which `events$` cannot have. Must not throw.
   */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined
}

const omit = (from: OptionDescriptions, ...names: readonly string[]): OptionDescriptions =>
  Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)))

const pick = (from: OptionDescriptions, ...names: readonly string[]): OptionDescriptions =>
  Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))

const TCP_LISTEN = omit(TCP_LISTEN_OPTIONS, 'path', 'readableAll', 'writableAll', 'signal')
const UNIX_LISTEN = pick(TCP_LISTEN_OPTIONS, 'path', 'backlog', 'readableAll', 'writableAll')

/** Describes the options of each listener, those of its `listen` and those of its server. */
export const LISTENER_OPTIONS: Readonly<
  Record<ListenerKind, { readonly listen: OptionDescriptions; readonly server: OptionDescriptions; readonly tls?: OptionDescriptions }>
> = {
  tcp: { listen: TCP_LISTEN, server: omit(TCP_SERVER_OPTIONS, 'container', 'tls', 'handshakeTimeout') },
  tls: { listen: TCP_LISTEN, server: omit(TCP_SERVER_OPTIONS, 'container', 'tls'), tls: TLS_SERVER_OPTIONS },
  udp: { listen: omit(UDP_LISTEN_OPTIONS, 'signal'), server: omit(UDP_SERVER_OPTIONS, 'container') },
  unix: {
    listen: UNIX_LISTEN,
    server: omit(TCP_SERVER_OPTIONS, 'container', 'tls', 'handshakeTimeout', 'noDelay', 'keepAlive', 'keepAliveInitialDelay'),
  },
}

/** The options of one listener, taken apart. */
export interface SplitOptions {
  readonly listen: Readonly<Record<string, unknown>>
  readonly server: Readonly<Record<string, unknown>>
}

/** @throws {@link InvalidOptionError} for an option that is unknown, misspelt, of another type or out of range. */
export function splitOptions(kind: ListenerKind, given: object): SplitOptions {
  const { listen, server, tls } = LISTENER_OPTIONS[kind]
  resolveOptions(`serve.${kind}`, { ...listen, ...server, ...tls }, given)
  if (kind === 'unix' && (given as Partial<UnixServeOptions>).path === undefined) {
    throw new InvalidOptionError('serve.unix.path', 'the path of a socket', undefined)
  }
  const those = (of: OptionDescriptions): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(of, name)))
  return { listen: those(listen), server: { ...those(server), ...(tls && { tls: those(tls) }) } }
}

const LISTENER: OptionDescription = {
  type: 'code',
  expected: 'an object of options',
  check: (value): value is object => typeof value === 'object' && value !== null,
  help: 'a listener',
}

const SERVE_OPTIONS: Readonly<Record<keyof ServeOptions, OptionDescription>> = {
  tcp: LISTENER,
  tls: LISTENER,
  udp: LISTENER,
  unix: LISTENER,
  container: TCP_SERVER_OPTIONS.container,
  signal: TCP_LISTEN_OPTIONS.signal,
  onEvent: {
    type: 'code',
    expected: 'a function',
    check: (value): value is NonNullable<ServeOptions['onEvent']> => typeof value === 'function',
    help: 'gets every event',
  },
}

/** @throws {@link InvalidOptionError} */
export function checkServeOptions(given: ServeOptions): void {
  const { tcp, tls, udp, unix } = resolveOptions('serve', SERVE_OPTIONS, given)
  if (tcp ?? tls ?? udp ?? unix) return
  throw new InvalidOptionError('serve', 'given a listener at least: tcp, tls, udp or unix', undefined)
}
