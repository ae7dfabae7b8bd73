import {
  asFrame,
  ByteAccumulator,
  CorruptFrameError,
  type Emit,
  type Frame,
  FrameTooLongError,
  type Stage,
  UnexpectedEndError,
} from 'millrace'

const LF = 10
const SPACE = 32
const NO_LENGTH = 'a message without its length before it'
const digitOf = (byte: number): number => byte - 48

/** Messages in a stream: `5 hello`, or a line unless all must be counted. Each tells by its first byte which it is. */
export class StreamDecoder implements Stage<Uint8Array, Frame> {
  readonly borrows = true
  readonly #maxLength: number
  readonly #counted: boolean
  readonly #held: ByteAccumulator
  #reading: 'first' | 'count' | 'counted' | 'line' = 'first'
  #count = 0
  /** Where the chunk, and where the message, begins. */
  #before = 0
  #start = 0

  constructor(maxLength: number, counted: boolean) {
    this.#maxLength = maxLength
    this.#counted = counted
    this.#held = new ByteAccumulator(maxLength)
  }

  push(chunk: Uint8Array, emit: Emit<Frame>): void {
    let at = 0
    while (at < chunk.length) at = this.#read(chunk, at, emit)
    this.#before += chunk.length
  }

  /** What a line without its end holds is still worth having; half of a counted message is an error. */
  end(emit: Emit<Frame>): void {
    const offset = this.#start
    if (this.#reading === 'line') this.#finish(emit)
    else if (this.#reading !== 'first') throw new UnexpectedEndError(this.#before - offset, { offset })
  }

  #read(chunk: Uint8Array, at: number, emit: Emit<Frame>): number {
    if (this.#reading === 'count') return this.#readCount(chunk, at)
    if (this.#reading === 'counted') return this.#readCounted(chunk, at, emit)
    if (this.#reading === 'line') return this.#readLine(chunk, at, emit)
    const first = chunk[at] as number
    if (first === LF && !this.#counted) return at + 1
    this.#start = this.#before + at
    this.#reading = digitOf(first) >= 1 && digitOf(first) <= 9 ? 'count' : 'line'
    if (this.#counted && this.#reading === 'line') throw new CorruptFrameError(NO_LENGTH, { offset: this.#start })
    return at
  }

  #readCount(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number
    const digit = digitOf(byte)
    if (byte === SPACE) {
      this.#reading = 'counted'
    } else if (digit >= 0 && digit <= 9) {
      this.#count = this.#count * 10 + digit
      this.#checkLength(this.#count, this.#count)
    } else {
      throw new CorruptFrameError('a length that is no number', { offset: this.#before + at })
    }
    return at + 1
  }

  #readCounted(chunk: Uint8Array, at: number, emit: Emit<Frame>): number {
    const end = Math.min(chunk.length, at + this.#count - this.#held.length)
    this.#held.append(chunk, at, end, this.#count)
    if (this.#held.length === this.#count) this.#finish(emit)
    return end
  }

  #readLine(chunk: Uint8Array, at: number, emit: Emit<Frame>): number {
    const newline = chunk.indexOf(LF, at)
    const end = newline === -1 ? chunk.length : newline
    this.#checkLength(this.#held.length + end - at, this.#maxLength + 1)
    this.#held.append(chunk, at, end)
    if (newline === -1) return end
    this.#finish(emit)
    return end + 1
  }

  #checkLength(length: number, received: number): void {
    if (length > this.#maxLength) throw new FrameTooLongError(this.#maxLength, received, { offset: this.#start })
  }

  #finish(emit: Emit<Frame>): void {
    this.#reading = 'first'
    this.#count = 0
    emit(asFrame(this.#held.take()))
  }
}
