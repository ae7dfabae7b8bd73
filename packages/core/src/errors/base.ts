/** Every `code` an error of Millrace can carry. Match on it: it stays the same where two copies of the library meet. */
export type ErrorCode =
  | 'MILLRACE_ERR_BUFFER_OVERFLOW'
  | 'MILLRACE_ERR_CERTIFICATE'
  | 'MILLRACE_ERR_CONNECT_FAILED'
  | 'MILLRACE_ERR_CONNECT_TIMEOUT'
  | 'MILLRACE_ERR_CONNECTION_ABORTED'
  | 'MILLRACE_ERR_CONNECTION_BUSY'
  | 'MILLRACE_ERR_CONNECTION_CLOSED'
  | 'MILLRACE_ERR_CONNECTION_RESET'
  | 'MILLRACE_ERR_CONNECTION_TRUNCATED'
  | 'MILLRACE_ERR_CORRUPT_FRAME'
  | 'MILLRACE_ERR_DATAGRAM_TOO_LARGE'
  | 'MILLRACE_ERR_DRAIN_TIMEOUT'
  | 'MILLRACE_ERR_FRAME_REFUSED'
  | 'MILLRACE_ERR_FRAME_TIMEOUT'
  | 'MILLRACE_ERR_FRAME_TOO_LONG'
  | 'MILLRACE_ERR_HALF_CLOSE_UNSUPPORTED'
  | 'MILLRACE_ERR_HANDSHAKE_TIMEOUT'
  | 'MILLRACE_ERR_IDLE_TIMEOUT'
  | 'MILLRACE_ERR_INVALID_MESSAGE'
  | 'MILLRACE_ERR_INVALID_OPTION'
  | 'MILLRACE_ERR_INVALID_PIPELINE'
  | 'MILLRACE_ERR_LISTEN_FAILED'
  | 'MILLRACE_ERR_PLUGIN_BUILD'
  | 'MILLRACE_ERR_PLUGIN_FAILED'
  | 'MILLRACE_ERR_PUSH_LIMIT'
  | 'MILLRACE_ERR_REQUEST_LIMIT'
  | 'MILLRACE_ERR_REQUEST_TIMEOUT'
  | 'MILLRACE_ERR_SERVER_BUSY'
  | 'MILLRACE_ERR_SERVER_STATE'
  | 'MILLRACE_ERR_TLS'
  | 'MILLRACE_ERR_UNEXPECTED_END'
  | 'MILLRACE_ERR_UNKNOWN_PLUGIN'
  | 'MILLRACE_ERR_UPGRADE_REFUSED'
  | 'MILLRACE_ERR_WRITE_TIMEOUT'

/**
 * What every error of Millrace is: a class for each meaning, a stable {@link ErrorCode}, the facts as typed fields and
 * the cause kept. Messages never hold payload.
 */
export abstract class MillraceError extends Error {
  abstract readonly code: ErrorCode

  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options)
    // Set here and not read from the class, so that a minifier cannot change it.
    this.name = name
  }
}
