import { isIPv6, type Socket } from 'node:net'
import {
  type AnyPipeline,
  BaseConnection,
  buildClientPipeline,
  type BuiltPipeline,
  type Clock,
  CLOCK,
  type Connection,
  type ConnectionLimits,
  createContainer,
  type MessageConnection,
  resolveService,
  runClient,
  type SocketAddress,
} from '@millrace/core'
import { toLimits } from '../common-options.ts'
import type { ResolvedConnectOptions } from './connect-options.ts'
import { type OpenedSocket, openSocket } from './open-socket.ts'
import { securePort } from '../tls/secure-port.ts'
import { localAddressOf, remoteAddressOf, unixAddress } from '../socket-addresses.ts'
import { SocketPort } from '../ports/socket-port.ts'
import { findStreamBinding, type StreamBinding } from '../ports/stream-binding.ts'
import { StreamDriver } from '../driver/stream-driver.ts'
import type { PortEvents, StreamPort } from '../ports/stream-port.ts'
import { tlsInfoOf } from '../tls/tls-info.ts'

/** What a client holds: the bytes, or with a pipeline its messages. */
export type TcpClientConnection = Connection | MessageConnection<unknown, unknown>

/** Makes connections to one place, one or many, all through plugins that are built once. */
export class TcpConnector {
  readonly clock: Clock
  readonly #options: ResolvedConnectOptions
  readonly #limits: ConnectionLimits
  readonly #built: BuiltPipeline | undefined
  readonly #binding: StreamBinding | undefined

  /** @throws {@link InvalidPipelineError}, {@link PluginBuildError} */
  constructor(options: ResolvedConnectOptions, pipeline: AnyPipeline | undefined) {
    const container = options.container ?? createContainer()
    this.clock = resolveService(container, CLOCK) as Clock
    this.#binding = findStreamBinding()
    this.#options = { ...options, container }
    this.#limits = toLimits(options)
    this.#built = pipeline && buildClientPipeline(pipeline, container)
    this.#built?.retain()
  }

  /** @throws (as a rejection) {@link ConnectError}, {@link ConnectTimeoutError}, `signal.reason` */
  connect(signal?: AbortSignal): Promise<TcpClientConnection> {
    return openSocket(this.#options, { clock: this.clock, signal }, (opened) => this.#toConnection(opened))
  }

  /**
   * No more connections are wanted: the plugins are disposed of when the last one has gone. Where that is now, none has
   * come about, and what matters is why: a plugin that fails in being disposed of must not hide it.
   */
  async release(): Promise<void> {
    await this.#built?.release().catch(() => {})
  }

  #toConnection({ socket, secure }: OpenedSocket): TcpClientConnection {
    const { path } = this.#options
    const plain = path === undefined ? 'tcp' : 'unix'
    const { clock } = this
    const remoteAddress = path === undefined ? this.#remoteAddressOf(socket) : unixAddress(path)
    const resets = path === undefined
    const secured = secure && { secure, beneath: socket, resets, binding: this.#binding }
    const upgrade = { binding: this.#binding, resets, host: path === undefined ? this.#options.host : undefined }
    const createPort = (events: PortEvents): StreamPort =>
      secured ? securePort(secured, events) : new SocketPort(socket, events, { resets })
    const connection = new BaseConnection({
      transport: secure ? 'tls' : plain,
      ...(secure && { tls: tlsInfoOf(secure, true) }),
      localAddress: path === undefined ? localAddressOf(socket) : unixAddress(''),
      remoteAddress,
      limits: this.#limits,
      clock,
      createDriver: (events) => new StreamDriver({ createPort, remoteAddress, clock, upgrade }, events),
    })
    return this.#built ? runClient(connection, this.#built, this.#options) : connection
  }

  /** As it was asked for, where the peer has reset the connection already and the system has forgotten it. */
  #remoteAddressOf(socket: Socket): SocketAddress {
    const { host, port = 0 } = this.#options
    return remoteAddressOf(socket) ?? { address: host, port, family: isIPv6(host) ? 'IPv6' : 'IPv4' }
  }
}
