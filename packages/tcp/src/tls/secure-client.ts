import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { CertificateError, ConnectError } from '@millrace/core'
import type { ClientTls } from './tls-options.ts'

/** A client's handshake. */
export interface ClientHandshake {
  readonly tls: ClientTls
  /** What is connected to, for the certificate and for SNI; undefined for a Unix socket. */
  readonly host: string | undefined
  /** The same as errors name it. */
  readonly target: string
  /** In the very callback, so that nothing has been read yet. */
  readonly onSecure: (secure: TLSSocket) => void
  readonly onFailure: (error: CertificateError | ConnectError) => void
}

/**
 * Makes the handshake over a connected socket.
 *
 * @returns stops telling; the socket is the caller's to destroy.
 */
export function secureClient(socket: Socket, { tls, host, target, onSecure, onFailure }: ClientHandshake): () => void {
  const { secureContext, options } = tls
  const servername = options.servername ?? (host !== undefined && isIP(host) === 0 ? host : undefined)
  const named = { ...(host !== undefined && { host }), ...(servername !== undefined && { servername }) }
  const secure = connect({ ...options, ...named, secureContext, socket })
  const settle = (): void => {
    secure.off('secureConnect', onSecureConnect).off('error', onError)
  }
  const onSecureConnect = (): void => {
    settle()
    onSecure(secure)
  }
  const onError = (cause: Error): void => {
    settle()
    const { authorizationError } = secure as { readonly authorizationError?: unknown }
    const reason = (cause as NodeJS.ErrnoException).code ?? String(authorizationError)
    onFailure(authorizationError ? new CertificateError(target, reason, { cause }) : new ConnectError(target, { cause }))
  }
  secure.on('secureConnect', onSecureConnect).on('error', onError)
  return () => {
    settle()
    // What breaks it now has nobody else to tell.
    secure.on('error', () => {})
  }
}
