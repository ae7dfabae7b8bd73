import { MillraceError } from './base.ts'

/** The server cannot listen there; the system's error (`EADDRINUSE`, `EACCES`) is the `cause`. */
export class ListenError extends MillraceError {
  readonly code = 'MILLRACE_ERR_LISTEN_FAILED'
  /** Where, as text: `tcp 127.0.0.1:10000`, `unix /run/echo.sock`. */
  readonly address: string
  constructor(address: string, options?: ErrorOptions) {
    const code = (options?.cause as { code?: string } | undefined)?.code
    const reason = code === 'EADDRINUSE' ? 'the address is already in use (EADDRINUSE)' : (code ?? 'unknown cause')
    super('ListenError', `cannot listen on ${address}: ${reason}`, options)
    this.address = address
  }
}

/** A server with a pipeline was iterated, or a second iteration was begun. */
export class ServerBusyError extends MillraceError {
  readonly code = 'MILLRACE_ERR_SERVER_BUSY'
  constructor(message: string) {
    super('ServerBusyError', message)
  }
}

/** The server is in a state that does not allow this call, such as `listen` on one that listens or is closed. */
export class ServerStateError extends MillraceError {
  readonly code = 'MILLRACE_ERR_SERVER_STATE'
  constructor(message: string) {
    super('ServerStateError', message)
  }
}
