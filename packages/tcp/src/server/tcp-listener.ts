import type { Server as NetServer } from 'node:net'
import {
  type Acceptor,
  BaseConnection,
  type Clock,
  type ConnectionLimits,
  ListenError,
  type Listener,
  type SocketAddress,
  type TlsInfo,
} from '@millrace/core'
import type { Accepted } from './accepted.ts'
import { bindServer } from './bind-server.ts'
import { choosePoller, type PollerChoice } from './choose-poller.ts'
import { DescriptorGuard } from './descriptor-guard.ts'
import type { Handshakes } from '../tls/handshakes.ts'
import { resolveListenOptions, type TcpListenOptions } from './listen-options.ts'
import { securePort } from '../tls/secure-port.ts'
import { listenAddressOf } from '../socket-addresses.ts'
import { findStreamBinding, type StreamBinding } from '../ports/stream-binding.ts'
import { StreamDriver } from '../driver/stream-driver.ts'
import type { PortEvents, StreamPort } from '../ports/stream-port.ts'
import { takeConnections } from './take-connections.ts'
import { tlsInfoOf } from '../tls/tls-info.ts'
import type { UpgradeInit } from '../tls/upgrade.ts'

/** Connections that were turned away and may linger, so that their peers see a FIN and no reset. */
const MOST_LINGERING = 64

/** What a {@link TcpListener} is made from. */
export interface TcpListenerInit {
  readonly limits: ConnectionLimits
  readonly clock: Clock
  readonly noDelay: boolean
  readonly keepAlive: boolean
  /** In milliseconds. */
  readonly keepAliveInitialDelay: number
  /** Where TLS is spoken. */
  readonly handshakes?: Handshakes | undefined
  /** In milliseconds. */
  readonly handshakeTimeout?: number
}

/** What the system offers. */
export interface TcpSystem {
  readonly guard: DescriptorGuard
  readonly binding: typeof findStreamBinding
  readonly choose: typeof choosePoller
}

interface SecureContext {
  readonly remoteAddress: SocketAddress
  readonly acceptor: Acceptor
  readonly handshakes: Handshakes
}

/** What a connection is made of. */
interface Offered {
  readonly createPort: (events: PortEvents) => StreamPort
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
  /** Where TLS is spoken. */
  readonly tls?: TlsInfo
}

/**
 * Binds a TCP port or a Unix socket and makes a connection of each socket that is accepted.
 *
 * A connection for which the process has no file descriptors left is turned away with `connection-refused`, reason
 * `descriptors` (see {@link DescriptorGuard}). One that its peer has reset before it was accepted is dropped without a
 * word.
 */
export class TcpListener implements Listener<TcpListenOptions> {
  readonly #init: TcpListenerInit
  readonly #guard: DescriptorGuard
  readonly #binding: StreamBinding | undefined
  readonly #choose: typeof choosePoller
  readonly #stop: AbortController = new AbortController()
  #transport: 'tcp' | 'tls' | 'unix' = 'tcp'
  #stopTaking: () => void = () => {}
  #clock: Clock
  /** The same for all connections. */
  #upgrade: UpgradeInit | undefined
  #closed: Promise<void> = Promise.resolve()
  /** Where it listens, where that is every connection's local address too. */
  #localAddress: SocketAddress | undefined
  #lingering = 0

  /** @param system - left out but by tests of a system that is otherwise. */
  constructor(init: TcpListenerInit, { guard, binding, choose }: Partial<TcpSystem> = {}) {
    this.#init = init
    this.#clock = init.clock
    this.#guard = guard ?? new DescriptorGuard()
    this.#binding = (binding ?? findStreamBinding)()
    this.#choose = choose ?? choosePoller
    if (init.handshakes) this.#transport = 'tls'
  }

  /** `tls` where TLS is spoken, on a path too; else `tcp` until it listens on a path. */
  get transport(): 'tcp' | 'tls' | 'unix' {
    return this.#transport
  }

  async listen(options: TcpListenOptions, acceptor: Acceptor): Promise<SocketAddress> {
    const { signal, port, host, path, ...others } = resolveListenOptions(options)
    signal?.throwIfAborted()
    if (path !== undefined && !this.#init.handshakes) this.#transport = 'unix'
    this.#upgrade = { binding: this.#binding, resets: path === undefined }
    const needs = { secure: this.#init.handshakes !== undefined, unix: path !== undefined, shared: !others.exclusive }
    const choice = await this.#choose(needs, signal)
    const where = path === undefined ? { ...others, port, host } : { ...others, path }
    const signals = signal ? [signal, this.#stop.signal] : [this.#stop.signal]
    try {
      const { noDelay, keepAlive, keepAliveInitialDelay } = this.#init
      const server = await bindServer({ noDelay, keepAlive, keepAliveInitialDelay }, where, signals)
      return this.#begin(server, choice, acceptor)
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw error
      throw new ListenError(path === undefined ? `${this.#transport} ${formatHost(host)}:${port}` : `unix ${path}`, { cause: error })
    }
  }

  stopAccepting(): void {
    this.#stop.abort(new Error('closed before it listened'))
    this.#stopTaking()
    this.#init.handshakes?.stop()
  }

  close(): Promise<void> {
    this.stopAccepting()
    return this.#closed
  }

  /** Synchronous after the bind, so that no connection comes before there is someone to take it. */
  #begin(server: NetServer, choice: PollerChoice, acceptor: Acceptor): SocketAddress {
    this.#closed = new Promise((resolve) => server.once('close', resolve))
    const address = listenAddressOf(server)
    const transport = this.#transport
    if (address.family === 'unix' || !isWildcard(address)) this.#localAddress = address
    const { driver, reason, clock, close } = takeConnections(server, choice, {
      options: this.#init,
      clock: this.#clock,
      binding: this.#binding,
      unix: address.family === 'unix',
      onAccepted: (accepted) => this.#onAccepted(accepted, acceptor),
      onError: (error) => acceptor.report({ type: 'listener-error', transport, error }),
    })
    this.#clock = clock
    this.#stopTaking = close
    acceptor.report({ type: 'driver-chosen', transport, driver, ...(reason !== undefined && { reason }) })
    return address
  }

  #onAccepted(accepted: Accepted, acceptor: Acceptor): void {
    const { remoteAddress, descriptor } = accepted
    if (this.#guard.isScarce(descriptor)) {
      // Closed in this very call: the next connection of the same burst needs the descriptor.
      accepted.destroy()
      const transport = this.#transport
      const detail = `file descriptors from ${this.#guard.firstReserved} on are kept for the rest of the process`
      const who = remoteAddress && { remoteAddress }
      acceptor.report({ type: 'connection-refused', transport, reason: 'descriptors', detail, ...who })
    } else if (remoteAddress === undefined) {
      accepted.destroy()
    } else if (this.#init.handshakes) {
      this.#secure(accepted, { remoteAddress, acceptor, handshakes: this.#init.handshakes })
    } else {
      const localAddress = this.#localAddress ?? accepted.localAddress()
      this.#offer({ createPort: accepted.createPort, localAddress, remoteAddress }, acceptor)
    }
  }

  /** Offers it once the handshake is complete; it has its place among the connections from now on. */
  #secure(accepted: Accepted, { remoteAddress, acceptor, handshakes }: SecureContext): void {
    const leave = acceptor.reserve('tls', remoteAddress)
    if (!leave) return accepted.destroy()
    // Asked for now, where it has to be: beneath TLS there is nobody to ask any more.
    const localAddress = this.#localAddress ?? accepted.localAddress()
    const socket = accepted.toSocket()
    const { clock, handshakeTimeout: timeout = 0 } = this.#init
    handshakes.begin(socket, {
      remoteAddress,
      clock,
      timeout,
      onSecure: (secure) => {
        leave()
        const secured = { secure, beneath: socket, resets: remoteAddress.family !== 'unix', binding: this.#binding }
        const createPort = (events: PortEvents): StreamPort => securePort(secured, events)
        const tls = tlsInfoOf(secure, handshakes.asks)
        this.#offer({ createPort, localAddress, remoteAddress, tls }, acceptor)
      },
      onFailure: (error) => {
        leave()
        const { message: detail } = error
        acceptor.report({ type: 'connection-refused', transport: 'tls', reason: 'handshake', remoteAddress, detail, error })
      },
    })
  }

  #offer({ createPort, localAddress, remoteAddress, tls }: Offered, acceptor: Acceptor): void {
    const { limits } = this.#init
    const clock = this.#clock
    let driver: StreamDriver | undefined
    const init = { createPort, remoteAddress, clock, upgrade: this.#upgrade }
    const connection = new BaseConnection({
      transport: this.#transport,
      localAddress,
      remoteAddress,
      ...(tls && { tls }),
      limits,
      clock,
      createDriver: (events) => (driver = new StreamDriver(init, events)),
    })
    if (acceptor.accept(connection)) return
    if (this.#lingering >= MOST_LINGERING) driver?.skipLinger()
    this.#lingering++
    connection.owner = { onGone: () => this.#lingering-- }
    void connection.close()
  }
}

function isWildcard({ address }: SocketAddress): boolean {
  return address === '::' || address === '0.0.0.0'
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
