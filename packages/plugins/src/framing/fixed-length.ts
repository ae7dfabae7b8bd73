import {
  asFrame,
  ByteAccumulator,
  CorruptFrameError,
  definePlugin,
  type Emit,
  type Frame,
  type Stage,
  UnexpectedEndError,
} from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import type { FramerFactory } from './framer-factory.ts'

/** Options of {@link fixedLength}. */
export interface FixedLengthOptions {
  /**
   * The length of every frame, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 16
   */
  readonly size?: number
}

/** Joins and splits bytes into frames of one length. */
class FixedLengthDecoder implements Stage<Uint8Array, Frame> {
  readonly borrows = true
  readonly #size: number
  readonly #held: ByteAccumulator
  /** Where the current frame begins. */
  #offset = 0

  constructor(size: number) {
    this.#size = size
    this.#held = new ByteAccumulator(size)
  }

  push(chunk: Uint8Array, emit: Emit<Frame>): void {
    const size = this.#size
    let at = 0
    if (this.#held.length > 0) {
      at = Math.min(size - this.#held.length, chunk.length)
      this.#held.append(chunk, 0, at, size)
      if (this.#held.length < size) return
      this.#offset += size
      emit(asFrame(this.#held.take()))
    }
    for (; at + size <= chunk.length; at += size) {
      this.#offset += size
      emit(asFrame(chunk.subarray(at, at + size)))
    }
    if (at < chunk.length) this.#held.append(chunk, at, chunk.length, size)
  }

  end(): void {
    const received = this.#held.length
    const offset = this.#offset
    this.reset()
    if (received > 0) throw new UnexpectedEndError(received, { offset })
  }

  endOfDatagram(): void {
    this.end()
  }

  reset(): void {
    this.#held.clear()
    this.#offset = 0
  }
}

/**
 * Joins and splits bytes into frames of exactly `size`. ({@link chunker} splits and never waits.)
 *
 * - **Largest frame**: `size`, 16 bytes by default; it keeps less than that.
 * - **End of the stream** in a frame: {@link UnexpectedEndError}.
 * - **Datagrams**: as many frames as there are; none spans two, so a rest at the end is an {@link UnexpectedEndError}.
 * - **Errors** end a stream, and cost a datagram its rest. Nothing is skipped.
 * - **Sending**: a frame of another length is a {@link CorruptFrameError}.
 *
 * A frame within one chunk is a view of it, any other a copy. Its stages keep nothing of what they are pushed
 * (`borrows`).
 *
 * @throws {@link InvalidOptionError} for a `size` that is no integer from 1 to 16,777,216, and for any other option.
 *
 * @example
 * const records = pipeline(fixedLength({ size: 128 }), echo())
 */
export const fixedLength: FramerFactory<FixedLengthOptions> = definePlugin({
  name: 'fixed-length',
  help: 'joins and splits bytes into frames of exactly size bytes',
  options: {
    size: { type: 'integer', unit: 'bytes', range: [1, 16_777_216], default: 16, help: 'the length of every frame' },
  },
  primary: 'size',
  produces: 'frame',
  perDatagram: true,
  open: (_context, { size }) => ({
    inbound: new FixedLengthDecoder(size),
    outbound: {
      borrows: true,
      push: (frame: Uint8Array, emit: Emit<Uint8Array>) => {
        checkFrame(frame)
        const { length } = frame
        if (length !== size) throw new CorruptFrameError(`a frame of ${length} bytes, where all have ${size}`)
        emit(frame)
      },
    },
  }),
})
