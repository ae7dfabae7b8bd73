import { Buffer } from 'node:buffer'
import { CorruptFrameError, type Emit, FrameTooLongError, type Stage } from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import type { DelimiterMatcher } from './delimiter-matcher.ts'

/**
 * Puts a delimiter behind each frame, and refuses a frame that would not come out of a decoder as it is: what a peer
 * could be made to take for two frames is never sent.
 */
export class DelimitedEncoder implements Stage<Uint8Array, Uint8Array> {
  readonly borrows = true
  readonly #delimiter: Uint8Array
  readonly #matcher: DelimiterMatcher
  readonly #maxLength: number

  constructor(delimiter: Uint8Array, matcher: DelimiterMatcher, maxLength: number) {
    this.#delimiter = delimiter
    this.#matcher = matcher
    this.#maxLength = maxLength
  }

  push(frame: Uint8Array, emit: Emit<Uint8Array>): void {
    checkFrame(frame)
    if (frame.length > this.#maxLength) throw new FrameTooLongError(this.#maxLength, frame.length)
    if (!this.#ends(frame)) throw new CorruptFrameError('what is sent contains a delimiter')
    const bytes = Buffer.allocUnsafe(frame.length + this.#delimiter.length)
    bytes.set(frame)
    bytes.set(this.#delimiter, frame.length)
    emit(bytes)
  }

  /** Whether a decoder would find the delimiter behind the frame and no other. */
  #ends(frame: Uint8Array): boolean {
    const matcher = this.#matcher
    matcher.reset()
    if (matcher.find(frame, 0) !== -1) return false
    return matcher.find(this.#delimiter, 0) === this.#delimiter.length && matcher.matched === this.#delimiter.length
  }
}
