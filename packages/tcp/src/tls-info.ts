import type { TLSSocket } from 'node:tls'
import type { TlsInfo } from '@millrace/core'

/** What a handshake that is complete has settled. */
export function tlsInfoOf(socket: TLSSocket): TlsInfo {
  const { alpnProtocol, servername, authorized, authorizationError } = socket
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    alpnProtocol: alpnProtocol || undefined,
    servername: typeof servername === 'string' && servername !== '' ? servername : undefined,
    authorized,
    authorizationError: authorizationError ? String(authorizationError) : undefined,
    peerCertificate: socket.getPeerX509Certificate(),
  }
}
