import type { AbortOptions, SocketAddress } from '@millrace/core'
import type { BindOptions } from './socket-options.ts'

/**
 * What moves datagrams between the kernel and a server or client: one socket. Everything above it (sessions, bounds,
 * budgets) is the same for every driver.
 */
export interface UdpDriver {
  readonly name: string

  /**
   * Binds and delivers datagrams from now on. On any failure the driver closes itself.
   *
   * @throws the system's error; `signal.reason`.
   */
  bind(options: BindOptions, events: UdpDriverEvents): Promise<SocketAddress>

  /**
   * Fixes the peer of a bound socket: only its datagrams are delivered from now on, and that it refuses them is told to
   * {@link UdpDriverEvents.onError}. On any failure the driver closes itself.
   *
   * @returns both addresses as they are now.
   * @throws the system's error; `signal.reason`.
   */
  connect(to: PeerAddress & AbortOptions): Promise<ConnectedAddresses>

  /**
   * Hands one datagram to the kernel, or queues it where the kernel has no room. Never throws. The bytes stay unchanged
   * until {@link queuedBytes} has been 0.
   *
   * @param to - left out on a connected socket.
   * @param onSent - called once, later, with the error where there was one. Without it an error goes unseen: asking for
   * it costs a tenth of the throughput, so senders ask where an error is likely and now and then.
   */
  send(data: Uint8Array, to?: PeerAddress, onSent?: OnSent): void

  /** Bytes handed to {@link send} that the kernel has not taken. */
  readonly queuedBytes: number

  /** Delivers nothing from now on and releases the socket; resolves when nothing is left. Idempotent. */
  close(): Promise<void>
}

/** Where datagrams go: an IP address, as the system spells it, and a port. */
export interface PeerAddress {
  readonly address: string
  readonly port: number
}

/** What becomes of one datagram sent. That it was sent says nothing about its arrival. */
export type OnSent = (error: Error | null) => void

/** The two ends of a connected socket. */
export interface ConnectedAddresses {
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
}

/** What a {@link UdpDriver} tells. */
export interface UdpDriverEvents {
  /** A datagram came; its bytes are the receiver's from now on. */
  onDatagram(data: Uint8Array, address: string, port: number): void
  /** The socket had an error that belongs to no send. It may go on working. */
  onError(error: Error): void
}
