import { Buffer, isUtf8 } from 'node:buffer'
import { CorruptFrameError, type Emit, type Stage, UnexpectedEndError } from '@millrace/core'
import { upperCaseAscii } from './ascii-upper-case.ts'
import { cutTail, validLength } from './utf8.ts'

/** What to do with bytes that are no UTF-8: put U+FFFD in their place, or fail. */
export type OnInvalid = 'replace' | 'error'

const NOTHING: Uint8Array = new Uint8Array(0)
/** U+FFFD in UTF-8. */
const REPLACEMENT: Uint8Array = Uint8Array.of(0xef, 0xbf, 0xbd)

/**
 * Upper-cases UTF-8, however it is cut into chunks. `String.prototype.toUpperCase` looks at one character at a time
 * (the final sigma matters to lower case only, and what Lithuanian or Turkish do differently belongs to
 * `toLocaleUpperCase`), so it is enough to keep a character together.
 */
export class UpperCaseStage implements Stage<Uint8Array, Uint8Array> {
  readonly #onInvalid: OnInvalid
  readonly #datagram: boolean
  readonly #framed: boolean
  /** The good beginning of a character that a chunk ended in: at most three bytes. */
  #tail: Uint8Array = NOTHING
  /** On a datagram connection, the result before that tail: were it sent by itself, one datagram would become two. */
  #held: Uint8Array | undefined

  /** @param framed - each item is a whole text, in which nothing is cut. */
  constructor(onInvalid: OnInvalid, datagram: boolean, framed = false) {
    this.#onInvalid = onInvalid
    this.#datagram = datagram
    this.#framed = framed
  }

  /** What of a datagram is held may be the datagram itself. */
  get borrows(): boolean {
    return !this.#datagram || this.#framed
  }

  push(chunk: Uint8Array, emit: Emit<Uint8Array>): void {
    this.#release(emit)
    const upper = this.#tail.length === 0 ? upperCaseAscii(chunk) : undefined
    if (upper) emit(upper)
    else this.#pushText(this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk]), emit)
  }

  #pushText(bytes: Uint8Array, emit: Emit<Uint8Array>): void {
    const cut = this.#framed ? 0 : cutTail(bytes)
    const whole = cut === 0 ? bytes : bytes.subarray(0, -cut)
    // Copied, so that three bytes do not keep a whole read buffer alive.
    this.#tail = cut === 0 ? NOTHING : Uint8Array.from(bytes.subarray(-cut))
    if (whole.length === 0) return
    const upper = this.#upperCase(whole, emit)
    if (this.#datagram && this.#tail.length > 0) this.#held = upper
    else emit(upper)
  }

  #upperCase(bytes: Uint8Array, emit: Emit<Uint8Array>): Uint8Array {
    const valid = isUtf8(bytes)
    if (!valid && this.#onInvalid === 'error') this.#refuse(bytes, emit)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
    const upper = text.toUpperCase()
    return valid && upper === text ? bytes : Buffer.from(upper, 'utf8')
  }

  /** A stream gives what was good up to the bad byte, as it would have if cut there; a bad frame, or datagram, gives nothing. */
  #refuse(bytes: Uint8Array, emit: Emit<Uint8Array>): never {
    const good = bytes.subarray(0, validLength(bytes))
    if (!this.#datagram && !this.#framed && good.length > 0) emit(this.#upperCase(good, emit))
    throw new CorruptFrameError('the bytes are not valid UTF-8')
  }

  endOfDatagram(emit: Emit<Uint8Array>): void {
    if (this.#tail.length === 0) return
    if (this.#onInvalid === 'error') throw new CorruptFrameError('the datagram ends inside a UTF-8 character')
    const last = Buffer.concat([this.#held ?? NOTHING, REPLACEMENT])
    this.reset()
    emit(last)
  }

  end(emit: Emit<Uint8Array>): void {
    const { length } = this.#tail
    if (length === 0) return
    if (this.#onInvalid === 'error') throw new UnexpectedEndError(length)
    this.reset()
    emit(Uint8Array.from(REPLACEMENT))
  }

  reset(): void {
    this.#tail = NOTHING
    this.#held = undefined
  }

  #release(emit: Emit<Uint8Array>): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) emit(held)
  }
}
