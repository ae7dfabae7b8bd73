import type { AbortOptions, SocketAddress } from '@millrace/core'
import type { BindOptions } from '../socket-options.ts'

/**
 * What moves datagrams between the kernel and a server or client: one socket. Everything above it (sessions, bounds,
 * budgets) is the same for every driver.
 *
 * A driver knows peers by number: whoever serves one keeps it ({@link keep}), finds it by its number in each batch, and
 * sends to the number. So an address is written out once a session, and not once a datagram.
 */
export interface UdpDriver {
  readonly name: 'node' | 'native'

  /**
   * Whether {@link UdpDriverEvents.onSendFailed} tells of every failure. Where not, those are told that are asked for by
   * `onSent`.
   */
  readonly tellsFailures: boolean

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
   * Gives a peer a number, or the one that it has. It is good until it has been forgotten as often as it was kept. For a
   * bound socket.
   */
  keep(peer: PeerAddress): number

  /** What has been sent to it still goes out. */
  forget(peer: number): void

  /**
   * Hands one datagram to the kernel, at the latest at the end of this turn, or queues it where the kernel has no room.
   * Never throws. The bytes stay unchanged until {@link queuedBytes} has been 0.
   *
   * @param to - a peer's number, {@link CONNECTED}, or an address, which costs more.
   * @param onSent - called once, later, with the error where there was one. Not to be asked for where
   * {@link tellsFailures} is true.
   */
  send(data: Uint8Array, to: Target, onSent?: OnSent): void

  /** Hands what this turn has collected to the kernel now. */
  flush(): void

  /** Bytes handed to {@link send} that the kernel had no room for. */
  readonly queuedBytes: number

  /** Delivers nothing from now on and releases the socket; resolves when nothing is left. Idempotent. */
  close(): Promise<void>
}

/** Where datagrams go: an IP address, as the system spells it, and a port. */
export interface PeerAddress {
  readonly address: string
  readonly port: number
}

/** Where one datagram goes. */
export type Target = number | PeerAddress

/** The number of the one peer of a connected socket. */
export const CONNECTED = 0

/** What becomes of one datagram sent. That it was sent says nothing about its arrival. */
export type OnSent = (error: Error | null) => void

/** The two ends of a connected socket. */
export interface ConnectedAddresses {
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
}

/**
 * Datagrams that came together, one or more. Good until the call that it was given to returns, and the promises and
 * ticks that it has left behind have run.
 */
export interface DatagramBatch {
  /** Becomes 0 where the socket is closed while its batch is given out. */
  readonly length: number
  /** The bytes of one, the caller's from now on. */
  data(index: number): Uint8Array
  /** The number under which its sender is kept; 0 where it is not. */
  peer(index: number): number
  /** Its sender, written out. */
  sender(index: number): PeerAddress
  /** Tells, before the call returns, that nobody keeps any of it: where a driver can use its memory again. */
  release?(): void
}

/** What a {@link UdpDriver} tells. */
export interface UdpDriverEvents {
  /** Datagrams came. */
  onBatch(batch: DatagramBatch): void
  /** A datagram came that is longer than the driver can take, and is lost. */
  onTruncated(from: PeerAddress, bytes: number): void
  /** A datagram was not sent. Called by a driver with {@link UdpDriver.tellsFailures} alone. */
  onSendFailed(to: PeerAddress, bytes: number, error: Error): void
  /** The socket had an error that belongs to no send. It may go on working. */
  onError(error: Error): void
}
