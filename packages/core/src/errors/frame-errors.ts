import { type ErrorCode, MillraceError } from './base.ts'

/**
 * What a stage throws for bytes that are no valid frame. On a datagram connection it costs the rest of that datagram
 * only: the engine counts it, resets the stages and the session lives on. On a byte stream it ends the connection.
 */
export abstract class FrameError extends MillraceError {
  abstract override readonly code: ErrorCode
}

/** A frame is longer than its codec allows. */
export class FrameTooLongError extends FrameError {
  readonly code = 'MILLRACE_ERR_FRAME_TOO_LONG'
  /** In bytes. */
  readonly limit: number
  /** In bytes; the number seen when the limit was passed where the whole length is not known. */
  readonly received: number
  constructor(limit: number, received: number) {
    super('FrameTooLongError', `a frame of ${received} bytes exceeds the limit of ${limit} bytes`)
    this.limit = limit
    this.received = received
  }
}

/** The bytes cannot be a frame of this codec. Name the rule that was broken, never the payload. */
export class CorruptFrameError extends FrameError {
  readonly code = 'MILLRACE_ERR_CORRUPT_FRAME'
  constructor(message: string, options?: ErrorOptions) {
    super('CorruptFrameError', message, options)
  }
}

/** The stream ended inside a frame. A codec throws it from `end`. */
export class UnexpectedEndError extends FrameError {
  readonly code = 'MILLRACE_ERR_UNEXPECTED_END'
  /** Bytes of the unfinished frame. */
  readonly received: number
  constructor(received: number) {
    super('UnexpectedEndError', `the input ended inside a frame, after ${received} of its bytes`)
    this.received = received
  }
}

/** A guard does not let a datagram through: it is over a rate, say, or its sender is not let in. */
export class FrameRefusedError extends FrameError {
  readonly code = 'MILLRACE_ERR_FRAME_REFUSED'
  /** Why, in words. */
  readonly reason: string
  constructor(reason: string) {
    super('FrameRefusedError', `a frame was refused: ${reason}`)
    this.reason = reason
  }
}

/** A frame was begun and not complete in time: its peer is slow, or means harm. */
export class FrameTimeoutError extends FrameError {
  readonly code = 'MILLRACE_ERR_FRAME_TIMEOUT'
  /** In ms. */
  readonly timeout: number
  constructor(timeout: number) {
    super('FrameTimeoutError', `a frame was begun and not complete within ${timeout} ms`)
    this.timeout = timeout
  }
}
