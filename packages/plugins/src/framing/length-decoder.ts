import {
  asFrame,
  ByteAccumulator,
  type Emit,
  type Frame,
  FrameTooLongError,
  type Stage,
  UnexpectedEndError,
} from '@millrace/core'
import type { LengthFormat } from './length-format.ts'

/** What a {@link LengthDecoder} goes by. */
export interface LengthRules {
  /** The longest body, in bytes. */
  readonly maxLength: number
  /** Told of each frame that is too long and left out. Where it is not given, such a frame is an error. */
  readonly onDiscard?: ((error: FrameTooLongError) => void) | undefined
}

/**
 * Cuts bytes into frames that begin with their length. A frame that lies in one chunk is a view of it; one that spans
 * chunks is copied together. Memory is set aside for what has arrived, not for what a head announces.
 */
export class LengthDecoder implements Stage<Uint8Array, Frame> {
  readonly borrows = true
  readonly #format: LengthFormat
  readonly #rules: LengthRules
  /** The beginning of a frame that has not ended, its head included. */
  readonly #held: ByteAccumulator
  /** Length of the frame that is held, 0 while its head is not whole. */
  #total = 0
  /** How much of a frame that is too long is still to come. */
  #skip = 0
  /** Bytes of this stream, or datagram, before the current chunk. */
  #before = 0
  /** Where the current frame begins, counted like {@link #before}. */
  #start = 0

  constructor(format: LengthFormat, rules: LengthRules) {
    this.#format = format
    this.#rules = rules
    this.#held = new ByteAccumulator(format.longestHead + rules.maxLength + format.trailer)
  }

  push(chunk: Uint8Array, emit: Emit<Frame>): void {
    let at = this.#held.length > 0 ? this.#resume(chunk, emit) : this.#pass(chunk, 0)
    while (at < chunk.length && this.#format.readHead(chunk, at, chunk.length, this.#start)) {
      const total = this.#checkLength()
      if (this.#skip > 0) {
        at = this.#pass(chunk, at)
        continue
      }
      if (total > chunk.length - at) {
        this.#total = total
        break
      }
      const { strip, head, body } = this.#format
      this.#format.checkTrailer?.(chunk, at + head + body, this.#start + head + body)
      this.#start += total
      emit(asFrame(chunk.subarray(at + strip, at + head + body)))
      at += total
    }
    if (at < chunk.length) this.#held.append(chunk, at, chunk.length, this.#total || undefined)
    this.#before += chunk.length
  }

  end(): void {
    const offset = this.#start
    const received = this.#before - offset
    this.reset()
    if (received > 0) throw new UnexpectedEndError(received, { offset })
  }

  endOfDatagram(): void {
    this.end()
  }

  reset(): void {
    this.#held.clear()
    this.#total = 0
    this.#skip = 0
    this.#before = 0
    this.#start = 0
  }

  /** Completes the frame that is held, as far as the chunk goes. @returns where the next one begins. */
  #resume(chunk: Uint8Array, emit: Emit<Frame>): number {
    const held = this.#held
    let at = 0
    while (this.#total === 0) {
      if (at === chunk.length) return at
      const taken = Math.min(this.#format.wanted(held.length) - held.length, chunk.length - at)
      held.append(chunk, at, at + taken)
      at += taken
      if (!this.#format.readHead(held.bytes, 0, held.length, this.#start)) continue
      const total = this.#checkLength()
      if (this.#skip > 0) {
        this.#skip -= held.length
        held.clear()
        return this.#pass(chunk, at)
      }
      this.#total = total
    }
    return this.#complete(chunk, at, emit)
  }

  #complete(chunk: Uint8Array, at: number, emit: Emit<Frame>): number {
    const missing = this.#total - this.#held.length
    const end = at + Math.min(missing, chunk.length - at)
    this.#held.append(chunk, at, end, this.#total)
    if (end - at < missing) return end
    const { strip, head, body } = this.#format
    this.#format.checkTrailer?.(this.#held.bytes, head + body, this.#start + head + body)
    this.#total = 0
    this.#start = this.#before + end
    emit(asFrame(this.#held.take(strip, head + body)))
    return end
  }

  /** The length of the frame whose head was read. Where it is too long, it is to be skipped, or an error. */
  #checkLength(): number {
    const { head, body, trailer } = this.#format
    const total = head + body + trailer
    const { maxLength, onDiscard } = this.#rules
    if (body > maxLength) {
      const error = new FrameTooLongError(maxLength, body, { offset: this.#start })
      if (onDiscard === undefined) throw error
      this.#skip = total
      onDiscard(error)
    }
    return total
  }

  /** Passes over what is to be skipped, from there on. @returns where it ends. */
  #pass(chunk: Uint8Array, at: number): number {
    if (this.#skip === 0) return at
    const passed = Math.min(this.#skip, chunk.length - at)
    this.#skip -= passed
    if (this.#skip === 0) this.#start = this.#before + at + passed
    return at + passed
  }
}
