import { type ErrorCode, MillraceError } from './base.ts'

/** What every {@link FrameError} may be told beside its own facts. */
export interface FrameErrorOptions extends ErrorOptions {
  /** See {@link FrameError.offset}. */
  readonly offset?: number | undefined
}

/**
 * What a stage throws for bytes that are no valid frame. On a datagram connection it costs the rest of that datagram
 * only: the engine counts it, resets the stages and the session lives on. On a byte stream it ends the connection: inbound when what
 * came before has been worked off and answered, see `handle`; outbound at once, what was written before being sent.
 */
export abstract class FrameError extends MillraceError {
  abstract override readonly code: ErrorCode
  /**
   * Where, in bytes: counted from 0 over what reached this codec in this direction, on a datagram connection within the
   * datagram. Of a frame that is too long or unfinished its first byte, of a corrupt one the byte that breaks the rule
   * where that is known, else the frame's first. Wherever chunks were cut, it is the same. Undefined where the codec
   * does not count.
   */
  readonly offset: number | undefined

  constructor(name: string, message: string, options: FrameErrorOptions = {}) {
    super(name, message, options)
    this.offset = options.offset
  }
}

/** A frame is longer than its codec allows. */
export class FrameTooLongError extends FrameError {
  readonly code = 'MILLRACE_ERR_FRAME_TOO_LONG'
  /** In bytes. */
  readonly limit: number
  /** In bytes; the number seen when the limit was passed where the whole length is not known. */
  readonly received: number
  constructor(limit: number, received: number, options?: FrameErrorOptions) {
    super('FrameTooLongError', `a frame of ${received} bytes exceeds the limit of ${limit} bytes`, options)
    this.limit = limit
    this.received = received
  }
}

/** The bytes cannot be a frame of this codec. Name the rule that was broken, never the payload. */
export class CorruptFrameError extends FrameError {
  readonly code = 'MILLRACE_ERR_CORRUPT_FRAME'
  constructor(message: string, options?: FrameErrorOptions) {
    super('CorruptFrameError', message, options)
  }
}

/** The stream, or the datagram, ended inside a frame. A codec throws it from `end` and `endOfDatagram`. */
export class UnexpectedEndError extends FrameError {
  readonly code = 'MILLRACE_ERR_UNEXPECTED_END'
  /** Bytes of the unfinished frame. */
  readonly received: number
  constructor(received: number, options?: FrameErrorOptions) {
    super('UnexpectedEndError', `the input ended inside a frame, after ${received} of its bytes`, options)
    this.received = received
  }
}

/** What a schema has against a message: the shape of a Standard Schema's issue. */
export interface MessageIssue {
  /** The schema's own words, which may hold payload. */
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** A frame was whole, and the message in it is not what the schema asks for. */
export class InvalidMessageError extends FrameError {
  readonly code = 'MILLRACE_ERR_INVALID_MESSAGE'
  /** What the schema had against it. May hold payload: not in the error's own message, nor to be logged as it is. */
  readonly issues: readonly MessageIssue[]
  constructor(issues: readonly MessageIssue[], options?: FrameErrorOptions) {
    super('InvalidMessageError', `a message does not fit its schema (issues: ${issues.length})`, options)
    this.issues = issues
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
