import { formatAddress, type SocketAddress } from '../connection/socket-address.ts'
import { MillraceError } from './base.ts'

const at = (address: SocketAddress | undefined): string => (address ? ` (${formatAddress(address)})` : '')

/** The connection was used after this side had closed it. */
export class ConnectionClosedError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CONNECTION_CLOSED'
  constructor(message = 'the connection is closed', options?: ErrorOptions) {
    super('ConnectionClosedError', message, options)
  }
}

/** `abort` was called without an error of its own; a reason that is no `Error` is the `cause`. */
export class ConnectionAbortedError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CONNECTION_ABORTED'
  constructor(reason?: unknown) {
    super('ConnectionAbortedError', 'the connection was aborted', reason === undefined ? undefined : { cause: reason })
  }
}

/** The other side, or the network, broke the connection. The system's error (`ECONNRESET`, `EPIPE`) is the `cause`. */
export class ConnectionResetError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CONNECTION_RESET'
  readonly remoteAddress: SocketAddress | undefined
  constructor(remoteAddress?: SocketAddress, options?: ErrorOptions) {
    super('ConnectionResetError', `the connection was reset by the other side${at(remoteAddress)}`, options)
    this.remoteAddress = remoteAddress
  }
}

/** A second reader, or a second sink, while the first is at work. */
export class ConnectionBusyError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CONNECTION_BUSY'
  constructor(message = 'the connection already has a reader: one of source, data$ or a pipeline at a time') {
    super('ConnectionBusyError', message)
  }
}

/** No connection came about; the system's error (`ECONNREFUSED`, `ENOTFOUND`) is the `cause`. */
export class ConnectError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CONNECT_FAILED'
  /** Where to, as text: `127.0.0.1:10000` or a socket path. */
  readonly address: string
  constructor(address: string, options?: ErrorOptions) {
    const cause = options?.cause as { code?: string; message?: string } | undefined
    super('ConnectError', `cannot connect to ${address}: ${cause?.code ?? cause?.message ?? 'unknown cause'}`, options)
    this.address = address
  }
}

/** No connection came about within `connectTimeout`. */
export class ConnectTimeoutError extends MillraceError {
  readonly code = 'MILLRACE_ERR_CONNECT_TIMEOUT'
  readonly address: string
  /** In milliseconds. */
  readonly timeout: number
  constructor(address: string, timeout: number) {
    super('ConnectTimeoutError', `no connection to ${address} within ${timeout} ms (connectTimeout)`)
    this.address = address
    this.timeout = timeout
  }
}

/** No byte either way for `idleTimeout`. */
export class IdleTimeoutError extends MillraceError {
  readonly code = 'MILLRACE_ERR_IDLE_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number
  constructor(timeout: number) {
    super('IdleTimeoutError', `no byte either way for ${timeout} ms (idleTimeout)`)
    this.timeout = timeout
  }
}

/** The peer took nothing of what was written for `writeTimeout`. */
export class WriteTimeoutError extends MillraceError {
  readonly code = 'MILLRACE_ERR_WRITE_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number
  constructor(timeout: number) {
    super('WriteTimeoutError', `the peer took nothing of what was written for ${timeout} ms (writeTimeout)`)
    this.timeout = timeout
  }
}

/** A draining server had to cut this connection off after `drainTimeout`. */
export class DrainTimeoutError extends MillraceError {
  readonly code = 'MILLRACE_ERR_DRAIN_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number
  constructor(timeout: number) {
    super('DrainTimeoutError', `work was still under way ${timeout} ms after draining began (drainTimeout)`)
    this.timeout = timeout
  }
}

/** More was written, unread by the peer, than `maxWriteBuffer` (or a `limit` of `sendTo`) allows. */
export class BufferOverflowError extends MillraceError {
  readonly code = 'MILLRACE_ERR_BUFFER_OVERFLOW'
  /** In bytes. */
  readonly limit: number
  constructor(what: string, limit: number) {
    super('BufferOverflowError', `${what} holds more than ${limit} bytes`)
    this.limit = limit
  }
}

/** One datagram cannot carry this many bytes: at most 65,507 over IPv4 (RFC 768: 65,535 less the IP and UDP headers). */
export class DatagramTooLargeError extends MillraceError {
  readonly code = 'MILLRACE_ERR_DATAGRAM_TOO_LARGE'
  /** In bytes. */
  readonly limit: number
  /** In bytes. */
  readonly size: number
  constructor(size: number, limit: number) {
    super('DatagramTooLargeError', `a datagram of ${size} bytes exceeds the ${limit} bytes that one can carry`)
    this.size = size
    this.limit = limit
  }
}

/** `closeWrite` on a connection that cannot half-close, such as a UDP session. */
export class HalfCloseUnsupportedError extends MillraceError {
  readonly code = 'MILLRACE_ERR_HALF_CLOSE_UNSUPPORTED'
  constructor(transport: string) {
    super('HalfCloseUnsupportedError', `a connection over ${transport} cannot be half-closed`)
  }
}

/** No answer to a request came in time. An answer that comes later is nobody's. */
export class RequestTimeoutError extends MillraceError {
  readonly code = 'MILLRACE_ERR_REQUEST_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number
  constructor(timeout: number) {
    super('RequestTimeoutError', `no answer came within ${timeout} ms`)
    this.timeout = timeout
  }
}

/** So many requests of one connection wait for their answers that no further one is sent. */
export class RequestLimitError extends MillraceError {
  readonly code = 'MILLRACE_ERR_REQUEST_LIMIT'
  /** In requests. */
  readonly limit: number
  constructor(limit: number) {
    super('RequestLimitError', `${limit} requests of this connection wait for their answers`)
    this.limit = limit
  }
}
