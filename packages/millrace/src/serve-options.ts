import {
  type AbortOptions,
  type AnyPipeline,
  type DependencyContainer,
  InvalidOptionError,
  isPipeline,
  type OptionDescription,
  type OptionDescriptions,
  type Pipeline,
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

/** What any listener of {@link serve} may have beside the options of its kind. */
export interface OwnPipeline<In = never, Out = unknown> {
  /**
   * What serves this listener in place of the pipeline for all: for a protocol that puts the same messages differently on a
   * stream and into datagrams, such as DNS. Given to several listeners, it is built once.
   *
   * @defaultValue the pipeline that `serve` is given
   */
  readonly pipeline?: Pipeline<In, Out, true> | undefined
}

/** A TCP listener of {@link serve}: the options of its server and those of its `listen` in one object. */
export interface TcpServeOptions<In = never, Out = unknown>
  extends Omit<TcpListenOptions, UnixListen | Shared>,
    Omit<TcpServerOptions, Shared | Tls>,
    OwnPipeline<In, Out> {}

/**
 * A listener of {@link serve} that speaks TLS: the options of its server, those of its `listen` and those of TLS in one object.
 * `cert` and `key` are needed, or `pfx`, or `SNICallback`.
 */
export interface TlsServeOptions<In = never, Out = unknown>
  extends Omit<TcpListenOptions, UnixListen | Shared>,
    Omit<TcpServerOptions, Shared | 'tls'>,
    TlsServerOptions,
    OwnPipeline<In, Out> {}

/** A UDP listener of {@link serve}: the options of its server and those of its `listen` in one object. */
export interface UdpServeOptions<In = never, Out = unknown>
  extends Omit<UdpListenOptions, Shared | 'port'>,
    Omit<UdpServerOptions, Shared>,
    OwnPipeline<In, Out> {
  /**
   * The port; 0 asks the system for a free one.
   *
   * @defaultValue the port that `tcp` got, where there is one; else 0
   */
  readonly port?: number | undefined
}

/** A Unix socket of {@link serve}: the options of its server and those of its `listen` in one object. `path` is needed. */
export interface UnixServeOptions<In = never, Out = unknown>
  extends Pick<TcpListenOptions, 'backlog' | 'readableAll' | 'writableAll'>,
    Omit<TcpServerOptions, TcpSocket | Shared | Tls>,
    OwnPipeline<In, Out> {
  readonly path: string
}

/**
 * Options of {@link serve}; at least one listener is needed.
 *
 * @typeParam In - what handlers read, as with {@link Pipeline}.
 * @typeParam Out - what they may write.
 */
export interface ServeOptions<In = never, Out = unknown> extends AbortOptions {
  readonly tcp?: TcpServeOptions<In, Out> | undefined
  readonly tls?: TlsServeOptions<In, Out> | undefined
  readonly udp?: UdpServeOptions<In, Out> | undefined
  readonly unix?: UnixServeOptions<In, Out> | undefined
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

const PIPELINE: OptionDescription = { type: 'code', expected: 'a pipeline', check: isPipeline, help: 'what serves it' }

/** The options of one listener, taken apart. */
export interface SplitOptions {
  /** Its own, if it has one. */
  readonly pipeline: AnyPipeline | undefined
  readonly listen: Readonly<Record<string, unknown>>
  readonly server: Readonly<Record<string, unknown>>
}

/** @throws {@link InvalidOptionError} for an option that is unknown, misspelt, of another type or out of range. */
export function splitOptions(kind: ListenerKind, given: object): SplitOptions {
  const { listen, server, tls } = LISTENER_OPTIONS[kind]
  resolveOptions(`serve.${kind}`, { ...listen, ...server, ...tls, pipeline: PIPELINE }, given)
  if (kind === 'unix' && (given as Partial<UnixServeOptions>).path === undefined) {
    throw new InvalidOptionError('serve.unix.path', 'the path of a socket', undefined)
  }
  const those = (of: OptionDescriptions): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(of, name)))
  const { pipeline } = given as { readonly pipeline?: AnyPipeline }
  return { pipeline, listen: those(listen), server: { ...those(server), ...(tls && { tls: those(tls) }) } }
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
export function checkServeOptions(given: ServeOptions<unknown, never>): void {
  const { tcp, tls, udp, unix } = resolveOptions('serve', SERVE_OPTIONS, given)
  if (tcp ?? tls ?? udp ?? unix) return
  throw new InvalidOptionError('serve', 'given a listener at least: tcp, tls, udp or unix', undefined)
}
