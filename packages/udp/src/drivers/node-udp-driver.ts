import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { type AbortOptions, ConnectionClosedError, type SocketAddress } from '@millrace/core'
import { peerAddress } from '../address-key.ts'
import { applySocketOptions } from './apply-socket-options.ts'
import { DirectSend } from './direct-send.ts'
import { PeerNumbers } from './peer-numbers.ts'
import type { BindOptions } from '../socket-options.ts'
import { TurnBatch } from './turn-batch.ts'
import {
  CONNECTED,
  type ConnectedAddresses,
  type OnSent,
  type PeerAddress,
  type Target,
  type UdpDriver,
  type UdpDriverEvents,
} from './udp-driver.ts'

/** Newer than the oldest Node supported. */
type NewerSocketOptions = SocketOptions & { reusePort?: boolean }

const toSocketAddress = ({ address, port }: AddressInfo): SocketAddress => ({
  address,
  port,
  family: address.includes(':') ? 'IPv6' : 'IPv4',
})

/**
 * The driver on `node:dgram`: it works everywhere.
 *
 * What Node gives out one by one is passed on once a turn ({@link TurnBatch}), and what is sent goes by a shorter way
 * than `socket.send` where there is one ({@link DirectSend}). Else `socket.send`, to addresses, never names: older Nodes
 * take every address of every send through `dns.lookup` all the same (nodejs/node#35130); the socket's own look-up gives
 * it back as it came.
 */
export class NodeUdpDriver implements UdpDriver {
  readonly name = 'node'
  #batch: TurnBatch | undefined
  #direct: DirectSend | undefined
  /** Of a connected socket. */
  #remote: PeerAddress | undefined
  readonly #numbers: PeerNumbers = new PeerNumbers()
  #socket: Socket | undefined
  #closed: Promise<void> | undefined
  readonly #mayBeDirect: boolean
  /** Where an error goes while the socket is being opened: to the caller, who is still there to be told. */
  #onOpenError: ((error: Error) => void) | undefined

  /** @param mayBeDirect - false: takes the public way alone. */
  constructor(mayBeDirect = true) {
    this.#mayBeDirect = mayBeDirect
  }

  async bind(options: BindOptions, events: UdpDriverEvents): Promise<SocketAddress> {
    if (this.#closed) throw new ConnectionClosedError('the socket was closed before it was opened')
    const { type, reuseAddr = false, reusePort = false, ipv6Only = false } = options
    const family = type === 'udp6' ? 6 : 4
    const socketOptions: NewerSocketOptions = {
      type,
      reuseAddr,
      ipv6Only,
      lookup: (address, _options, callback) => callback(null, address, family),
      ...(reusePort && { reusePort }),
    }
    const socket = createSocket(socketOptions)
    this.#socket = socket
    // There for the socket's whole life: an error that nobody listens to ends the process.
    socket.on('error', (error) => {
      if (this.#onOpenError) this.#onOpenError(error)
      else events.onError(error)
    })
    const batch = (this.#batch = new TurnBatch(this.#numbers, (ready) => events.onBatch(ready)))
    socket.on('message', (data, sender) => batch.add(data, sender))
    const { address, port, exclusive = false } = options
    await this.#open(options.signal, (done) => {
      // Before binding: with a look-up that answers at once, so does bind.
      socket.once('listening', done)
      socket.bind({ address, port, exclusive })
    })
    await this.#open(options.signal, (done) => {
      applySocketOptions(socket, options)
      done()
    })
    if (this.#mayBeDirect) {
      this.#direct = DirectSend.of(socket, (to, bytes, error) => {
        const peer = to === CONNECTED ? this.#remote : typeof to === 'number' ? this.#numbers.at(to) : to
        if (peer && !this.#closed) events.onSendFailed(peer, bytes, error)
      })
    }
    return toSocketAddress(socket.address())
  }

  async connect({ address, port, signal }: PeerAddress & AbortOptions): Promise<ConnectedAddresses> {
    const socket = this.#bound()
    await this.#open(signal, (done) => {
      socket.once('connect', done)
      socket.connect(port, address)
    })
    const remote = (this.#remote = socket.remoteAddress())
    return { localAddress: toSocketAddress(socket.address()), remoteAddress: peerAddress(remote.address, remote.port) }
  }

  keep(peer: PeerAddress): number {
    return this.#numbers.keep(peer)
  }

  forget(peer: number): void {
    this.#numbers.forget(peer)
  }

  send(data: Uint8Array, to: Target, onSent?: OnSent): void {
    if (this.#closed) return
    const socket = this.#bound()
    const direct = this.#direct
    if (to === CONNECTED) return direct ? direct.sendConnected(data) : socket.send(data, onSent)
    const peer = typeof to === 'number' ? this.#numbers.at(to) : to
    if (peer === undefined) return
    if (direct) direct.send(data, to, peer)
    else socket.send(data, peer.port, peer.address, onSent)
  }

  get tellsFailures(): boolean {
    return this.#direct !== undefined
  }

  /** Nothing is collected. */
  flush(): void {}

  get queuedBytes(): number {
    if (this.#closed) return 0
    return this.#direct ? this.#direct.pendingBytes : this.#bound().getSendQueueSize()
  }

  close(): Promise<void> {
    this.#batch?.clear()
    this.#closed ??= new Promise((resolve) => {
      const socket = this.#socket
      if (socket === undefined) return resolve()
      socket.close(() => resolve())
      this.#onOpenError?.(new ConnectionClosedError('the socket was closed while it was being opened'))
    })
    return this.#closed
  }

  #bound(): Socket {
    if (this.#socket === undefined) throw new TypeError('the driver is not bound')
    return this.#socket
  }

  /** Waits for a step of opening; where it fails, or the signal aborts first, the socket is closed. */
  async #open(signal: AbortSignal | undefined, step: (done: () => void) => void): Promise<void> {
    let onAbort: (() => void) | undefined
    try {
      signal?.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        this.#onOpenError = reject
        onAbort = () => reject(signal?.reason as Error)
        signal?.addEventListener('abort', onAbort)
        step(resolve)
      })
    } catch (error) {
      void this.close()
      throw error
    } finally {
      this.#onOpenError = undefined
      if (onAbort) signal?.removeEventListener('abort', onAbort)
    }
  }
}
