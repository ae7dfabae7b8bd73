import {
  asFrame,
  ByteAccumulator,
  type Emit,
  type Frame,
  FrameError,
  FrameTooLongError,
  type Stage,
  UnexpectedEndError,
} from '@millrace/core'
import { findByte } from './find-byte.ts'

/** What a {@link StuffedDecoder} goes by. */
export interface StuffedRules {
  /** The longest frame, decoded, in bytes. */
  readonly maxLength: number
  /** Told of each frame that is bad and left out. Where it is not given, such a frame is an error. */
  readonly onDiscard?: ((error: FrameError) => void) | undefined
}

/** From where to where, in bytes. */
export type Place = readonly [start: number, end: number]

/**
 * Cuts bytes into frames at one byte that occurs nowhere else, because frames are rewritten so that it does not. After
 * a bad frame the next such byte is the beginning of the next one.
 *
 * A frame that lies in one chunk and is as it was before it was rewritten is a view of it; any other is decoded into
 * memory of its own, as its bytes arrive.
 */
export abstract class StuffedDecoder implements Stage<Uint8Array, Frame> {
  readonly borrows = true
  readonly #delimiter: number
  readonly #rules: StuffedRules
  /** What has been decoded of the current frame. */
  readonly #decoded: ByteAccumulator
  #skipping = false
  /** Where the current frame begins. */
  #start = 0
  #before = 0

  constructor(delimiter: number, rules: StuffedRules) {
    this.#delimiter = delimiter
    this.#rules = rules
    this.#decoded = new ByteAccumulator(rules.maxLength)
  }

  /** Decodes a part of a frame, by {@link put} and {@link putByte}. @throws FrameError */
  protected abstract decode(chunk: Uint8Array, start: number, end: number): void
  /** The frame ends. @throws FrameError where it cannot, with the offset given */
  protected abstract finish(offset: number): void
  /** Where in its encoded bytes a whole frame stands as it is; undefined where it does not. */
  protected abstract asIs(chunk: Uint8Array, start: number, end: number): Place | undefined
  /** A new frame begins. */
  protected abstract forget(): void
  /** A new chunk begins. */
  protected abstract turnTo(chunk: Uint8Array): void

  push(chunk: Uint8Array, emit: Emit<Frame>): void {
    this.turnTo(chunk)
    let at = 0
    for (let end = findByte(chunk, this.#delimiter, 0); end !== -1; end = findByte(chunk, this.#delimiter, at)) {
      const frame = this.#frame(chunk, at, end)
      at = end + 1
      this.#start = this.#before + at
      this.#skipping = false
      this.forget()
      if (frame) emit(asFrame(frame))
    }
    if (at < chunk.length && !this.#skipping) this.#guard(() => this.decode(chunk, at, chunk.length))
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
    this.#decoded.clear()
    this.forget()
    this.#skipping = false
    this.#start = 0
    this.#before = 0
  }

  /** Where a byte of the current chunk stands among all. */
  protected offsetOf(index: number): number {
    return this.#before + index
  }

  protected put(chunk: Uint8Array, start: number, end: number): void {
    this.#checkRoom(end - start)
    this.#decoded.append(chunk, start, end)
  }

  protected putByte(byte: number): void {
    this.#checkRoom(1)
    this.#decoded.appendByte(byte)
  }

  /** The frame whose delimiter stands at `end`; undefined where there is none, or a bad one that was reported. */
  #frame(chunk: Uint8Array, start: number, end: number): Uint8Array | undefined {
    // Nothing between two delimiters is no frame, but a way to end whatever came before.
    if (this.#skipping || this.#before + end === this.#start) return undefined
    const begun = this.#start < this.#before + start
    const place = begun ? undefined : this.asIs(chunk, start, end)
    if (place && place[1] - place[0] <= this.#rules.maxLength) return chunk.subarray(place[0], place[1])
    const good = this.#guard(() => {
      if (place) this.#checkRoom(place[1] - place[0])
      this.decode(chunk, start, end)
      this.finish(this.offsetOf(end))
    })
    return good ? this.#decoded.take() : undefined
  }

  #checkRoom(more: number): void {
    const { maxLength } = this.#rules
    if (this.#decoded.length + more <= maxLength) return
    throw new FrameTooLongError(maxLength, maxLength + 1, { offset: this.#start })
  }

  /** Does it, and where it finds the frame bad, says so and passes over the rest of it. @returns whether it did not. */
  #guard(work: () => void): boolean {
    try {
      work()
      return true
    } catch (error) {
      this.#decoded.clear()
      if (!(error instanceof FrameError) || this.#rules.onDiscard === undefined) throw error
      this.#skipping = true
      this.#rules.onDiscard(error)
      return false
    }
  }
}
