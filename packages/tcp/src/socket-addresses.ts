import type { Server as NetServer, Socket } from 'node:net'
import type { SocketAddress } from '@millrace/core'

const familyOf = (family: string | undefined): 'IPv4' | 'IPv6' => (family === 'IPv6' ? 'IPv6' : 'IPv4')

/** The address of a Unix socket, or of an end that has no name. */
export function unixAddress(path: string): SocketAddress {
  return { address: path, port: 0, family: 'unix' }
}

/** An address as the system tells it, in parts; undefined where it tells none. */
export function toSocketAddress(
  address: string | undefined,
  port: number | undefined,
  family: string | undefined,
): SocketAddress | undefined {
  return address === undefined || port === undefined ? undefined : { address, port, family: familyOf(family) }
}

/** An address that names its family by the way it is written; undefined where there is none. */
export function ipAddress(name: { readonly address: string; readonly port: number } | undefined): SocketAddress | undefined {
  return name && { address: name.address, port: name.port, family: name.address.includes(':') ? 'IPv6' : 'IPv4' }
}

/** Undefined where the peer has reset the connection already: the system no longer knows whose it was. */
export function remoteAddressOf({ remoteAddress, remotePort, remoteFamily }: Socket): SocketAddress | undefined {
  return toSocketAddress(remoteAddress, remotePort, remoteFamily)
}

export function localAddressOf({ localAddress, localPort, localFamily }: Socket): SocketAddress {
  return { address: localAddress ?? '', port: localPort ?? 0, family: familyOf(localFamily) }
}

/** Where a server that listens does so. */
export function listenAddressOf(server: NetServer): SocketAddress {
  const address = server.address()
  if (address === null || typeof address === 'string') return unixAddress(address ?? '')
  return { address: address.address, port: address.port, family: familyOf(address.family) }
}
