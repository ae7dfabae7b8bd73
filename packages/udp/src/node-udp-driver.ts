import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { type AbortOptions, ConnectionClosedError, type SocketAddress } from '@millrace/core'
import { peerAddress } from './address-key.ts'
import { applySocketOptions } from './apply-socket-options.ts'
import type { BindOptions } from './socket-options.ts'
import type { ConnectedAddresses, OnSent, PeerAddress, UdpDriver, UdpDriverEvents } from './udp-driver.ts'

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
 * Only addresses come here, never names. Older Nodes take every address of every send through `dns.lookup` all the
 * same (nodejs/node#35130); the socket's own look-up gives it back as it came, which is worth an eighth of the
 * throughput.
 */
export class NodeUdpDriver implements UdpDriver {
  readonly name = 'node'
  #socket: Socket | undefined
  #closed: Promise<void> | undefined
  /** Where an error goes while the socket is being opened: to the caller, who is still there to be told. */
  #onOpenError: ((error: Error) => void) | undefined

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
    socket.on('message', (data, { address, port }) => events.onDatagram(data, address, port))
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
    return toSocketAddress(socket.address())
  }

  async connect({ address, port, signal }: PeerAddress & AbortOptions): Promise<ConnectedAddresses> {
    const socket = this.#bound()
    await this.#open(signal, (done) => {
      socket.once('connect', done)
      socket.connect(port, address)
    })
    const remote = socket.remoteAddress()
    return { localAddress: toSocketAddress(socket.address()), remoteAddress: peerAddress(remote.address, remote.port) }
  }

  send(data: Uint8Array, to?: PeerAddress, onSent?: OnSent): void {
    if (this.#closed) return
    const socket = this.#bound()
    if (to) socket.send(data, to.port, to.address, onSent)
    else socket.send(data, onSent)
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : this.#bound().getSendQueueSize()
  }

  close(): Promise<void> {
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
