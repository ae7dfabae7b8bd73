import { Buffer } from 'node:buffer'
import { CorruptFrameError, definePlugin, type Emit, FrameTooLongError } from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import { discardReport, type FramerFactory } from './framer-factory.ts'
import { type Place, StuffedDecoder, type StuffedRules } from './stuffed-decoder.ts'

/** Options of {@link cobs}. */
export interface CobsOptions {
  /**
   * The longest frame, decoded, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 65_536
   */
  readonly maxLength?: number
  /**
   * What a frame is that is too long or ends inside one of its blocks: an error, or passed over up to the next zero and
   * reported as a `plugin-event` ({@link FrameDiscarded}).
   *
   * @defaultValue 'error'
   */
  readonly invalid?: 'error' | 'discard'
}

/** The code of a block of 254 bytes behind which no zero is meant. */
const FULL = 0xff

class CobsDecoder extends StuffedDecoder {
  /** How many bytes of the current block are still to come. */
  #left = 0
  /** A zero is meant between the current block and the next one. */
  #zeroDue = false

  constructor(rules: StuffedRules) {
    super(0, rules)
  }

  protected override turnTo(): void {}

  protected override forget(): void {
    this.#left = 0
    this.#zeroDue = false
  }

  /** A frame of one block is as it was, behind its code. */
  protected override asIs(chunk: Uint8Array, start: number, end: number): Place | undefined {
    return chunk[start] === end - start ? [start + 1, end] : undefined
  }

  protected override decode(chunk: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end) {
      if (this.#left === 0) {
        if (this.#zeroDue) this.putByte(0)
        const code = chunk[at++] as number
        this.#left = code - 1
        this.#zeroDue = code !== FULL
      }
      const stop = Math.min(at + this.#left, end)
      if (stop > at) this.put(chunk, at, stop)
      this.#left -= stop - at
      at = stop
    }
  }

  protected override finish(offset: number): void {
    if (this.#left > 0) throw new CorruptFrameError('a frame that ends inside a block', { offset })
  }
}

function encodeCobs(frame: Uint8Array): Uint8Array {
  const encoded = Buffer.allocUnsafe(frame.length + Math.floor(frame.length / (FULL - 1)) + 2)
  let code = 0
  let at = 1
  const close = (): void => {
    encoded[code] = at - code
    code = at++
  }
  for (const [i, byte] of frame.entries()) {
    if (byte === 0) {
      close()
    } else {
      encoded[at++] = byte
      if (at - code === FULL && i < frame.length - 1) close()
    }
  }
  encoded[code] = at - code
  encoded[at] = 0
  return encoded.subarray(0, at + 1)
}

/**
 * COBS, consistent overhead byte stuffing: frames that end in a zero and hold none, at the cost of one byte in 254.
 *
 * - **Largest frame**: `maxLength` bytes decoded, 65,536 by default; it keeps at most that.
 * - **End of the stream** in a frame: {@link UnexpectedEndError}.
 * - **Datagrams**: as many frames as there are; none spans two, so a rest at the end is an {@link UnexpectedEndError}.
 * - **Errors** end a stream, and cost a datagram its rest: a frame that is too long ({@link FrameTooLongError}), one
 *   that ends inside a block ({@link CorruptFrameError}). With `invalid: 'discard'` both skip to the next zero.
 * - **Sending**: the frame and a zero. Zeros one after the other are no frames; an empty frame is sent as `01 00`.
 *
 * A frame within one chunk that is a single block is a view of it, any other a copy. Its stages keep nothing of what
 * they are pushed (`borrows`).
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const packets = pipeline(cobs({ maxLength: 1024 }), echo())
 *
 * @see https://doi.org/10.1109/90.769765 - Cheshire and Baker, Consistent Overhead Byte Stuffing
 */
export const cobs: FramerFactory<CobsOptions> = definePlugin({
  name: 'cobs',
  help: 'frames that end in a zero and hold none (COBS)',
  options: {
    maxLength: { type: 'integer', unit: 'bytes', range: [1, 16_777_216], default: 65_536, help: 'the longest frame' },
    invalid: { type: 'string', values: ['error', 'discard'], default: 'error', help: 'what a bad frame is' },
  },
  primary: 'maxLength',
  produces: 'frame',
  perDatagram: true,
  open: (context, { maxLength, invalid }) => ({
    inbound: new CobsDecoder({ maxLength, onDiscard: discardReport(invalid, context) }),
    outbound: {
      borrows: true,
      push(frame: Uint8Array, emit: Emit<Uint8Array>): void {
        checkFrame(frame)
        if (frame.length > maxLength) throw new FrameTooLongError(maxLength, frame.length)
        emit(encodeCobs(frame))
      },
    },
  }),
})
