import { CorruptFrameError, type Emit, type Frame, type Stage } from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import { findByte } from './find-byte.ts'
import { CR, LF, type LineEnding } from './line-matcher.ts'

/**
 * Lets a CR or a LF by only as a part of a line's ending. What stands before the first that is none is still decoded:
 * so whatever comes first in the bytes is the error.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5321#section-2.3.8 - why: with two notions of a line's end, one message
 * becomes two.
 */
export class StrictLines implements Stage<Uint8Array, Frame> {
  readonly borrows = true
  readonly #ending: LineEnding
  readonly #lines: Required<Omit<Stage<Uint8Array, Frame>, 'borrows'>>
  readonly #unterminated: 'error' | 'emit'
  /** Bytes of this stream, or datagram, before the current chunk. */
  #before = 0
  #afterCr = false

  constructor(
    ending: LineEnding,
    lines: Required<Omit<Stage<Uint8Array, Frame>, 'borrows'>>,
    unterminated: 'error' | 'emit',
  ) {
    this.#ending = ending
    this.#lines = lines
    this.#unterminated = unterminated
  }

  push(chunk: Uint8Array, emit: Emit<Frame>): void {
    const heldCr = this.#afterCr
    const bad = this.#firstBad(chunk)
    if (bad === -1) {
      this.#lines.push(chunk, emit)
      this.#before += chunk.length
      return
    }
    const afterCr = bad > 0 ? chunk[bad - 1] === CR : heldCr
    this.#lines.push(chunk.subarray(0, bad), emit)
    // A CR is known to be alone only by the byte after it.
    this.#refuse(this.#before + bad - (afterCr ? 1 : 0))
  }

  end(emit: Emit<Frame>): void {
    // Where a last line has to have its ending, this one is cut off, and not wrong.
    if (this.#unterminated === 'emit') this.#checkLast()
    this.#lines.end(emit)
  }

  endOfDatagram(emit: Emit<Frame>): void {
    this.#checkLast()
    this.reset()
    this.#lines.endOfDatagram(emit)
  }

  reset(): void {
    this.#before = 0
    this.#afterCr = false
    this.#lines.reset()
  }

  /** Where it is known of a CR or LF that it belongs to no ending: the first such place, or -1. */
  #firstBad(chunk: Uint8Array): number {
    if (chunk.length === 0) return -1
    const cr = this.#badCr(chunk)
    const lf = this.#ending === 'crlf' ? this.#badLf(chunk) : -1
    this.#afterCr = chunk[chunk.length - 1] === CR
    return lf === -1 || (cr !== -1 && cr < lf) ? cr : lf
  }

  #badCr(chunk: Uint8Array): number {
    if (this.#afterCr && chunk[0] !== LF) return 0
    for (let at = findByte(chunk, CR, 0); at !== -1; at = findByte(chunk, CR, at + 1)) {
      if (this.#ending === 'lf') return at
      if (at + 1 < chunk.length && chunk[at + 1] !== LF) return at + 1
    }
    return -1
  }

  #badLf(chunk: Uint8Array): number {
    for (let at = findByte(chunk, LF, 0); at !== -1; at = findByte(chunk, LF, at + 1)) {
      if (at > 0 ? chunk[at - 1] !== CR : !this.#afterCr) return at
    }
    return -1
  }

  #checkLast(): void {
    if (this.#afterCr) this.#refuse(this.#before - 1)
  }

  #refuse(offset: number): never {
    throw new CorruptFrameError('a CR or LF that is no part of a line ending', { offset })
  }
}

/** Refuses to send a line that has a CR or LF in it. */
export class StrictLineEncoder implements Stage<Uint8Array, Uint8Array> {
  readonly borrows = true
  readonly #lines: Stage<Uint8Array, Uint8Array>

  constructor(lines: Stage<Uint8Array, Uint8Array>) {
    this.#lines = lines
  }

  push(line: Uint8Array, emit: Emit<Uint8Array>): void {
    checkFrame(line)
    if (findByte(line, CR, 0) !== -1 || findByte(line, LF, 0) !== -1) {
      throw new CorruptFrameError('what is sent contains a CR or LF')
    }
    this.#lines.push(line, emit)
  }
}
