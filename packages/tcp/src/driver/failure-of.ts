import { ConnectionResetError, ConnectionTruncatedError, type SocketAddress, TlsError } from '@millrace/core'

/** What Node calls the errors of OpenSSL, which have no number of the system's. */
const TLS_CODE = /^ERR_(SSL|OSSL|TLS)_/
/** Of those, what the other side has said before it closed (RFC 8446, 6). */
const ALERT = /_ALERT_/

/** What ends a connection whose socket has failed. Without a cause the other side has reset it. */
export function failureOf(cause: Error | undefined, remoteAddress: SocketAddress): Error {
  if (cause instanceof ConnectionTruncatedError) return new ConnectionTruncatedError(remoteAddress)
  const { code = '' } = (cause ?? {}) as NodeJS.ErrnoException
  if (cause === undefined || !TLS_CODE.test(code)) return new ConnectionResetError(remoteAddress, cause && { cause })
  const what = ALERT.test(code) ? 'the other side has ended TLS with an alert' : 'what came is no TLS'
  return new TlsError(what, remoteAddress, { cause })
}
