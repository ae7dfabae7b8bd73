import type { Server as NetServer, Socket } from 'node:net'
import type { SocketAddress } from '@millrace/core'

const familyOf = (family: string | undefined): 'IPv4' | 'IPv6' => (family === 'IPv6' ? 'IPv6' : 'IPv4')

/** The address of a Unix socket, or of an end that has no name. */
export function unixAddress(path: string): SocketAddress {
  return { address: path, port: 0, family: 'unix' }
}

/** Undefined where the peer has reset the connection already: the system no longer knows whose it was. */
export function remoteAddressOf({ remoteAddress, remotePort, remoteFamily }: Socket): SocketAddress | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  return { address: remoteAddress, port: remotePort, family: familyOf(remoteFamily) }
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
