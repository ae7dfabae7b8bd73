import { type AbortOptions, ConnectionClosedError, type SocketAddress } from '@millrace/core'
import { peerAddress } from '../address-key.ts'
import type { BindOptions } from '../socket-options.ts'
import type { ConnectedAddresses, PeerAddress, Target, UdpDriver, UdpDriverEvents } from './udp-driver.ts'

/** The package `@millrace/udp-native`. */
export type NativeModule = typeof import('@millrace/udp-native')
type NativeSocket = InstanceType<NativeModule['NativeSocket']>

/**
 * The driver on sockets of `@millrace/udp-native`: datagrams come in batches, and what is sent in answer to a batch, or
 * in one turn, goes out by one system call.
 *
 * What is sent is copied at once, and every failure is told: the system answers a send at the end of the turn.
 */
export class NativeUdpDriver implements UdpDriver {
  readonly name = 'native'
  readonly tellsFailures = true
  readonly #module: NativeModule
  /** By their numbers; 0 is the peer of a connected socket. */
  readonly #peers: PeerAddress[] = []
  #socket: NativeSocket | undefined
  #closed: Promise<void> | undefined

  constructor(module: NativeModule) {
    this.#module = module
  }

  bind(options: BindOptions, events: UdpDriverEvents): Promise<SocketAddress> {
    return this.#open(options.signal, () => {
      if (this.#closed) throw new ConnectionClosedError('the socket was closed before it was opened')
      const { NativeSocket, loadNative } = this.#module
      const { type, reuseAddr, reusePort, ipv6Only, address, port } = options
      const socket = new NativeSocket(loadNative(), { type, reuseAddr, reusePort, ipv6Only }, {
        onBatch: (batch) => events.onBatch(batch),
        onTruncated: (from, bytes) => events.onTruncated(from, bytes),
        onSendFailed: (to, bytes, error) => {
          events.onSendFailed(typeof to === 'number' ? (this.#peers[to] as PeerAddress) : to, bytes, error)
        },
        onError: (error) => events.onError(error),
      })
      this.#socket = socket
      const bound = socket.bind(address, port)
      applyOptions(socket, options)
      return toSocketAddress(bound)
    })
  }

  connect({ address, port, signal }: PeerAddress & AbortOptions): Promise<ConnectedAddresses> {
    return this.#open(signal, () => {
      const { local, remote } = this.#bound().connect({ address, port })
      this.#peers[0] = remote
      return { localAddress: toSocketAddress(local), remoteAddress: peerAddress(remote.address, remote.port) }
    })
  }

  keep(peer: PeerAddress): number {
    const number = this.#bound().keep(peer)
    this.#peers[number] = peer
    return number
  }

  forget(peer: number): void {
    if (!this.#closed) this.#bound().forget(peer)
  }

  send(data: Uint8Array, to: Target): void {
    if (!this.#closed) this.#bound().send(data, to)
  }

  flush(): void {
    if (!this.#closed) this.#bound().flush()
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : this.#bound().queuedBytes
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#socket?.close() ?? Promise.resolve())
  }

  #bound(): NativeSocket {
    if (this.#socket === undefined) throw new TypeError('the driver is not bound')
    return this.#socket
  }

  /** A step of opening, which the system answers at once; where it fails, the socket is closed. */
  async #open<T>(signal: AbortSignal | undefined, step: () => T): Promise<T> {
    try {
      signal?.throwIfAborted()
      const result = step()
      // As with the other driver: whoever aborts in this very turn gives up what comes about.
      await Promise.resolve()
      signal?.throwIfAborted()
      return result
    } catch (error) {
      void this.close()
      throw error
    }
  }
}

/** The address of this end, as Node tells it: of an IPv6 socket always an IPv6 one. */
function toSocketAddress({ address, port }: PeerAddress): SocketAddress {
  return { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' }
}

/** @throws the system's error, for a group or an interface that it does not know, say. */
function applyOptions(socket: NativeSocket, options: BindOptions): void {
  const { recvBufferSize, sendBufferSize, broadcast, ttl, multicastTTL, multicastLoopback } = options
  if (recvBufferSize !== undefined) socket.set('recvBufferSize', recvBufferSize)
  if (sendBufferSize !== undefined) socket.set('sendBufferSize', sendBufferSize)
  if (broadcast) socket.set('broadcast', 1)
  if (ttl !== undefined) socket.set('ttl', ttl)
  if (multicastTTL !== undefined) socket.set('multicastTTL', multicastTTL)
  if (multicastLoopback !== undefined) socket.set('multicastLoopback', Number(multicastLoopback))
  if (options.multicastInterface !== undefined) socket.setMulticastInterface(options.multicastInterface)
  for (const membership of options.memberships ?? []) {
    const group = typeof membership === 'string' ? { groupAddress: membership } : membership
    socket.join(group.groupAddress, group.sourceAddress, group.multicastInterface)
  }
}
