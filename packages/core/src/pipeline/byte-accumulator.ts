import { Buffer } from 'node:buffer'

const NOTHING: Uint8Array = new Uint8Array(0)
/** In bytes: what is first set aside for a frame that a chunk ended in. */
const FIRST = 64
/** How many times what has arrived may be set aside for what was announced. */
const FORETOLD = 4

/**
 * For codecs: the bytes of a frame that spans chunks. They are copied, each a constant number of times, so nothing of a
 * chunk is kept (a stage that keeps its bytes here may say `borrows`) and a peer that sends byte by byte costs no object
 * per byte. What is set aside grows with what has arrived, at most fourfold, never with what a header announces alone.
 *
 * It has no limit of its own: look at {@link length} and throw `FrameTooLongError` before you append.
 *
 * @example
 * const held = new ByteAccumulator(4096)
 * held.append(Buffer.from('half a '), 0, 7)
 * held.append(Buffer.from('frame;'), 0, 5)
 * Buffer.from(held.take()).toString() // 'half a frame'
 */
export class ByteAccumulator {
  /** How many bytes there are; to be read alone. */
  length = 0
  #bytes: Uint8Array = NOTHING
  readonly #most: number

  /** @param most - the most bytes that there should ever be: no more than that is set aside for bytes to come. */
  constructor(most: number) {
    this.#most = most
  }

  /** What there is, to be read from 0 to {@link length}; good until the next call of another method. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /**
   * Copies a part of a chunk to the end.
   *
   * @param start - of the part in the chunk.
   * @param end - the first byte behind it.
   * @param expected - how many bytes there will be in all, where that is known: as many are set aside, if not too many for
   * what has arrived.
   */
  append(chunk: Uint8Array, start: number, end: number, expected?: number): void {
    const length = this.length + end - start
    if (length > this.#bytes.length) this.#grow(length, expected)
    this.#bytes.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), this.length)
    this.length = length
  }

  /** Puts one byte at the end. */
  appendByte(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow(this.length + 1, undefined)
    this.#bytes[this.length++] = byte
  }

  /**
   * Gives a part away and forgets the rest.
   *
   * @returns bytes that nobody else has, and that may be kept; there may be unused memory behind them.
   */
  take(start = 0, end: number = this.length): Uint8Array {
    const part = this.#bytes.subarray(start, end)
    this.clear()
    return part
  }

  /** Forgets everything, and lets go of the memory. */
  clear(): void {
    this.#bytes = NOTHING
    this.length = 0
  }

  #grow(needed: number, expected: number | undefined): void {
    const wanted = expected === undefined ? Math.max(FIRST, needed * 2) : Math.min(expected, needed * FORETOLD)
    const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(wanted, this.#most)))
    if (this.length > 0) grown.set(this.#bytes.subarray(0, this.length))
    this.#bytes = grown
  }
}
