import { formatAddress, type SocketAddress } from '../connection/socket-address.ts'
import { MillraceError } from './base.ts'

const at = (address: SocketAddress | undefined): string => (address ? ` (${formatAddress(address)})` : '')

/**
 * The peer's certificate was refused by this side: it is unknown, expired, for another name, or there is none. Node's error
 * is the `cause`, where there is one.
 *
 * @see https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
export class CertificateError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CERTIFICATE'
  /** Whose, as text: `127.0.0.1:10000`. */
  readonly address: string
  /** Node's code, such as `CERT_HAS_EXPIRED` or `ERR_TLS_CERT_ALTNAME_INVALID`. */
  readonly reason: string
  constructor(address: string, reason: string, options?: ErrorOptions) {
    super('CertificateError', `the certificate of ${address} was refused: ${reason}`, options)
    this.address = address
    this.reason = reason
  }
}

/** A handshake failed, or what came after it was no TLS. Node's error is the `cause`. */
export class TlsError extends MillraceError {
  readonly code = 'MILLRACE_ERR_TLS'
  readonly remoteAddress: SocketAddress | undefined
  /** Node's code, such as `ERR_SSL_HTTP_REQUEST`. */
  readonly reason: string
  constructor(what: string, remoteAddress: SocketAddress | undefined, options: { readonly cause: Error }) {
    const { code, message } = options.cause as Error & { readonly code?: unknown }
    const reason = typeof code === 'string' ? code : message
    super('TlsError', `${what}: ${reason}${at(remoteAddress)}`, options)
    this.remoteAddress = remoteAddress
    this.reason = reason
  }
}

/** A handshake was not complete within `handshakeTimeout`. */
export class HandshakeTimeoutError extends MillraceError {
  readonly code = 'MILLRACE_ERR_HANDSHAKE_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number
  constructor(timeout: number) {
    super('HandshakeTimeoutError', `the handshake was not complete within ${timeout} ms (handshakeTimeout)`)
    this.timeout = timeout
  }
}

/**
 * The peer's end came without the `close_notify` that TLS wants before it: somebody may have cut the input off (RFC 8446,
 * 6.1).
 */
export class ConnectionTruncatedError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CONNECTION_TRUNCATED'
  readonly remoteAddress: SocketAddress | undefined
  constructor(remoteAddress?: SocketAddress) {
    super('ConnectionTruncatedError', `the input was cut off: it ended without a close_notify${at(remoteAddress)}`)
    this.remoteAddress = remoteAddress
  }
}

/** Why an upgrade was refused. */
export type UpgradeRefusal = 'plaintext' | 'state' | 'unsupported'

/**
 * A connection cannot be upgraded to TLS: not this one (`unsupported`), not any more or a second time (`state`), or because bytes in
 * the clear have come behind what asked for it (`plaintext`), which somebody on the way may have put there (CVE-2011-0411).
 */
export class UpgradeError extends MillraceError {
  readonly code = 'MILLRACE_ERR_UPGRADE_REFUSED'
  readonly reason: UpgradeRefusal
  constructor(reason: UpgradeRefusal, message: string) {
    super('UpgradeError', message)
    this.reason = reason
  }
}
