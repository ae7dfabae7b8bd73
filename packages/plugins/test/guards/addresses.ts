import type { SocketAddress } from '@millrace/core'

/** A peer at an IP address. */
export const ip = (address: string, port = 40_000): SocketAddress => ({
  address,
  port,
  family: address.includes(':') ? 'IPv6' : 'IPv4',
})
