import type { SocketAddress } from '@millrace/core'

/**
 * An IP address to look up by: an IPv4 address is its 32 bits as an integer (which spares a string hash per datagram),
 * an IPv6 address its text. An IPv4 peer of an IPv6 socket (`::ffff:192.0.2.1`) has the key of its IPv4 address.
 */
export type AddressKey = number | string

const MAPPED = '::ffff:'
const DOT = 46
const COLON = 58
const ZERO = 48

/** The IPv4 address in a v4-mapped one; any other address as it is. */
export function unmapped(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address
}

/**
 * @param address - as the system spells it; what is no IPv4 address is taken for an IPv6 one.
 *
 * @example
 * addressKey('0.0.1.2') // 258
 */
export function addressKey(address: string): AddressKey {
  let value = 0
  let part = 0
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i)
    if (code === DOT) {
      value = (value << 8) | part
      part = 0
    } else if (code >= ZERO && code < COLON) {
      part = part * 10 + code - ZERO
    } else {
      const plain = unmapped(address)
      return plain === address ? address : addressKey(plain)
    }
  }
  return (value << 8) | part
}

/**
 * The address of a peer, an IPv4 one of an IPv6 socket under its IPv4 name, so that both kinds of socket tell it alike.
 */
export function peerAddress(address: string, port: number): SocketAddress {
  const plain = unmapped(address)
  return { address: plain, port, family: plain.includes(':') ? 'IPv6' : 'IPv4' }
}
