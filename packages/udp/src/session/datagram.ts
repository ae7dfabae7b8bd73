import type { SocketAddress } from '@millrace/core'

/** One datagram and who sent it. */
export interface Datagram {
  /** Its payload, empty where the datagram is. The receiver owns it. */
  readonly data: Uint8Array
  readonly remoteAddress: SocketAddress
}

/**
 * The most bytes one datagram carries over IPv4: 65,535 (the largest packet) less 20 of IP and 8 of UDP header. The
 * same for an IPv4 peer of an IPv6 socket.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc768 RFC 768}
 */
export const MAX_DATAGRAM_BYTES = 65_507

/**
 * The most bytes one datagram carries over IPv6, whose largest payload does not count the IP header: 65,535 less 8 of
 * UDP header. (Jumbograms aside.)
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8200 RFC 8200}
 */
export const MAX_DATAGRAM_BYTES_IPV6 = 65_527

/**
 * The most bytes one datagram to this peer can carry.
 *
 * @example
 * maxDatagramBytes({ address: '127.0.0.1', port: 53, family: 'IPv4' }) // 65507
 */
export function maxDatagramBytes({ family }: SocketAddress): number {
  return family === 'IPv6' ? MAX_DATAGRAM_BYTES_IPV6 : MAX_DATAGRAM_BYTES
}
