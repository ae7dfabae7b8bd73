import { Buffer } from 'node:buffer'
import { CorruptFrameError, definePlugin, type Emit, FrameTooLongError } from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import type { FramerFactory } from './framer-factory.ts'
import { LengthDecoder } from './length-decoder.ts'
import type { LengthFormat } from './length-format.ts'

/** Options of {@link netstring}. */
export interface NetstringOptions {
  /**
   * The longest frame, its length and its comma not counted, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 1_048_576
   */
  readonly maxLength?: number
}

const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const COMMA = 0x2c

/** A head of decimal digits and a colon, and a comma behind the body. */
class NetstringHead implements LengthFormat {
  readonly longestHead: number
  readonly trailer = 1
  head = 0
  body = 0
  readonly #maxLength: number

  constructor(maxLength: number) {
    this.#maxLength = maxLength
    this.longestHead = String(maxLength).length + 1
  }

  get strip(): number {
    return this.head
  }

  wanted(have: number): number {
    return have + 1
  }

  readHead(bytes: Uint8Array, start: number, end: number, offset: number): boolean {
    let value = 0
    for (let i = 0; start + i < end; i++) {
      const byte = bytes[start + i] as number
      if (byte === COLON && i > 0) {
        this.head = i + 1
        this.body = value
        return true
      }
      if (byte < ZERO || byte > NINE) throw new CorruptFrameError('a length that is no number', { offset: offset + i })
      if (i > 0 && value === 0) throw new CorruptFrameError('a length with a leading zero', { offset: offset + i })
      value = value * 10 + byte - ZERO
      // More digits only make it more.
      if (value > this.#maxLength) throw new FrameTooLongError(this.#maxLength, value, { offset })
    }
    return false
  }

  checkTrailer(bytes: Uint8Array, at: number, offset: number): void {
    if (bytes[at] !== COMMA) throw new CorruptFrameError('no comma where the frame ends', { offset })
  }
}

/**
 * Netstrings: `5:hello,`.
 *
 * - **Largest frame**: `maxLength`, 1,048,576 bytes by default; it keeps at most that, the length and the comma, and
 *   sets aside no more than four times what has arrived, whatever a length says.
 * - **End of the stream** in a frame: {@link UnexpectedEndError}.
 * - **Datagrams**: as many frames as there are; none spans two, so a rest at the end is an {@link UnexpectedEndError}.
 * - **Errors** end a stream, and cost a datagram its rest: a frame that is too long ({@link FrameTooLongError}, with
 *   `received` as far as its length was read), a length that is no number or has a leading zero, a comma that is
 *   missing ({@link CorruptFrameError}). Nothing is skipped.
 *
 * A frame within one chunk is a view of it, any other a copy. Its stages keep nothing of what they are pushed
 * (`borrows`).
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const messages = pipeline(netstring({ maxLength: 99_999 }), echo())
 *
 * @see https://cr.yp.to/proto/netstrings.txt
 */
export const netstring: FramerFactory<NetstringOptions> = definePlugin({
  name: 'netstring',
  help: 'frames as netstrings, 5:hello,',
  options: {
    maxLength: {
      type: 'integer',
      unit: 'bytes',
      range: [1, 16_777_216],
      default: 1_048_576,
      help: 'the longest frame',
    },
  },
  primary: 'maxLength',
  produces: 'frame',
  perDatagram: true,
  open: (_context, { maxLength }) => ({
    inbound: new LengthDecoder(new NetstringHead(maxLength), { maxLength }),
    outbound: {
      borrows: true,
      push(frame: Uint8Array, emit: Emit<Uint8Array>): void {
        checkFrame(frame)
        if (frame.length > maxLength) throw new FrameTooLongError(maxLength, frame.length)
        const head = Buffer.from(`${frame.length}:`, 'latin1')
        const whole = Buffer.allocUnsafe(head.length + frame.length + 1)
        whole.set(head)
        whole.set(frame, head.length)
        whole[whole.length - 1] = COMMA
        emit(whole)
      },
    },
  }),
})
