import {
  asFrame,
  ByteAccumulator,
  type Emit,
  type Frame,
  FrameTooLongError,
  type Stage,
  UnexpectedEndError,
} from '@millrace/core'
import type { DelimiterMatcher } from './delimiter-matcher.ts'

/** In bytes: no delimiter is longer. */
export const LONGEST_DELIMITER = 64

/** What a {@link DelimitedDecoder} goes by. */
export interface DelimitedRules {
  /** The longest frame, its delimiter not counted, in bytes. */
  readonly maxLength: number
  /** Whether the end of the stream ends a frame that has no delimiter; the end of a datagram always does. */
  readonly unterminated: 'error' | 'emit'
  /** Told of each frame that is too long and left out. Where it is not given, such a frame is an error. */
  readonly onDiscard?: ((error: FrameTooLongError) => void) | undefined
}

/**
 * Cuts bytes into frames at delimiters. A frame that lies in one chunk is a view of it; one that spans chunks is copied
 * together. What is kept from one push to the next is copied (`borrows`), and is at most `maxLength` and a delimiter
 * long.
 */
export class DelimitedDecoder implements Stage<Uint8Array, Frame> {
  readonly borrows = true
  /** Where the frame begins that was emitted last, in bytes of this stream, or datagram. */
  offset = 0
  readonly #matcher: DelimiterMatcher
  readonly #rules: DelimitedRules
  /** The beginning of a frame that has not ended. */
  readonly #held: ByteAccumulator
  /** Bytes of this stream, or datagram, before the current chunk. */
  #before = 0
  /** Where the current frame begins, counted like {@link #before}. */
  #start = 0
  /** The current frame was too long, and is passed over up to its delimiter. */
  #skipping = false

  constructor(matcher: DelimiterMatcher, rules: DelimitedRules) {
    this.#matcher = matcher
    this.#rules = rules
    this.#held = new ByteAccumulator(rules.maxLength + LONGEST_DELIMITER)
  }

  push(chunk: Uint8Array, emit: Emit<Frame>): void {
    let start = 0
    for (let end = this.#matcher.find(chunk, 0); end !== -1; end = this.#matcher.find(chunk, start)) {
      this.#frame(chunk, start, end, emit)
      start = end
    }
    if (start < chunk.length && !this.#skipping) this.#hold(chunk, start)
    this.#before += chunk.length
  }

  end(emit: Emit<Frame>): void {
    this.#last(emit, this.#rules.unterminated === 'emit')
  }

  endOfDatagram(emit: Emit<Frame>): void {
    this.#last(emit, true)
  }

  reset(): void {
    this.#held.clear()
    this.#matcher.reset()
    this.#before = 0
    this.#start = 0
    this.#skipping = false
  }

  /** A frame ends in this chunk, its delimiter included at `end`. */
  #frame(chunk: Uint8Array, start: number, end: number, emit: Emit<Frame>): void {
    const offset = this.#start
    this.offset = offset
    this.#start = this.#before + end
    if (this.#skipping) {
      this.#skipping = false
      return
    }
    const length = this.#held.length + end - start - this.#matcher.matched
    if (length > this.#rules.maxLength) return this.#refuse(offset)
    if (this.#held.length === 0) return emit(asFrame(chunk.subarray(start, start + length)))
    // The delimiter may have begun in what is held.
    const missing = length - this.#held.length
    if (missing > 0) this.#held.append(chunk, start, start + missing)
    emit(asFrame(this.#held.take(0, length)))
  }

  /** No frame ends in the rest of this chunk. */
  #hold(chunk: Uint8Array, start: number): void {
    const length = this.#held.length + chunk.length - start
    if (length - this.#matcher.pending > this.#rules.maxLength) {
      this.#refuse(this.#start)
      this.#skipping = true
    } else {
      this.#held.append(chunk, start, chunk.length)
    }
  }

  #last(emit: Emit<Frame>, ends: boolean): void {
    const offset = this.#start
    const received = this.#before - offset
    const skipped = this.#skipping
    const rest = this.#held.take()
    this.reset()
    this.offset = offset
    if (received === 0 || (ends && skipped)) return
    if (!ends) throw new UnexpectedEndError(received, { offset })
    if (received > this.#rules.maxLength) return this.#refuse(offset)
    emit(asFrame(rest))
  }

  /** One number for every cut: where the limit is passed is known, how long the frame would have been is not. */
  #refuse(offset: number): void {
    const { maxLength, onDiscard } = this.#rules
    this.#held.clear()
    const error = new FrameTooLongError(maxLength, maxLength + 1, { offset })
    if (onDiscard === undefined) throw error
    onDiscard(error)
  }
}
