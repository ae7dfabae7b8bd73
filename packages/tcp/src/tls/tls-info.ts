import type { TLSSocket } from 'node:tls'
import type { TlsInfo } from '@millrace/core'

/**
 * What a handshake that is complete has settled.
 *
 * @param asked - whether the peer was asked for a certificate: looking for one costs a part of the handshake.
 */
export function tlsInfoOf(socket: TLSSocket, asked: boolean): TlsInfo {
  const { alpnProtocol, servername, authorized, authorizationError } = socket
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    alpnProtocol: alpnProtocol || undefined,
    servername: typeof servername === 'string' && servername !== '' ? servername : undefined,
    authorized,
    authorizationError: authorizationError ? String(authorizationError) : undefined,
    peerCertificate: asked ? socket.getPeerX509Certificate() : undefined,
  }
}
