import { Buffer } from 'node:buffer'
import { CorruptFrameError, definePlugin, type Emit, FrameTooLongError } from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import type { FramerFactory } from './framer-factory.ts'
import { LengthDecoder } from './length-decoder.ts'
import type { LengthFormat } from './length-format.ts'
import { encodeVarint, LONGEST_VARINT } from './varint.ts'

/** Options of {@link varintPrefixed}. */
export interface VarintPrefixedOptions {
  /**
   * The longest frame, its length not counted, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 1_048_576
   */
  readonly maxLength?: number
}

/** A head that is an unsigned varint of up to 64 bits. */
class VarintHead implements LengthFormat {
  readonly longestHead = LONGEST_VARINT
  readonly trailer = 0
  head = 0
  body = 0

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
      // The tenth byte has room for the last of 64 bits.
      if (i === LONGEST_VARINT - 1 && byte > 1) {
        throw new CorruptFrameError('a length of more than 64 bits', { offset: offset + i })
      }
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte > 0x7f) continue
      this.head = i + 1
      this.body = value
      return true
    }
    return false
  }
}

/**
 * Frames that begin with their length as an unsigned varint, as protobuf's delimited messages and libp2p's do. A length
 * may be written with more bytes than it needs, as protobuf allows.
 *
 * - **Largest frame**: `maxLength`, 1,048,576 bytes by default; it keeps at most that and ten bytes, and sets aside no
 *   more than four times what has arrived, whatever a length says.
 * - **End of the stream** in a frame: {@link UnexpectedEndError}.
 * - **Datagrams**: as many frames as there are; none spans two, so a rest at the end is an {@link UnexpectedEndError}.
 * - **Errors** end a stream, and cost a datagram its rest: a frame that is too long ({@link FrameTooLongError}), a
 *   length of more than 64 bits ({@link CorruptFrameError}). Nothing is skipped.
 *
 * A frame within one chunk is a view of it, any other a copy. Its stages keep nothing of what they are pushed
 * (`borrows`).
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const messages = pipeline(varintPrefixed({ maxLength: 65_536 }), echo())
 *
 * @see https://protobuf.dev/programming-guides/encoding/#varints
 */
export const varintPrefixed: FramerFactory<VarintPrefixedOptions> = definePlugin({
  name: 'varint-prefixed',
  help: 'frames that begin with their length as a varint, as protobuf and libp2p have them',
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
    inbound: new LengthDecoder(new VarintHead(), { maxLength }),
    outbound: {
      borrows: true,
      push(frame: Uint8Array, emit: Emit<Uint8Array>): void {
        checkFrame(frame)
        if (frame.length > maxLength) throw new FrameTooLongError(maxLength, frame.length)
        const head = encodeVarint(frame.length)
        const whole = Buffer.allocUnsafe(head.length + frame.length)
        whole.set(head)
        whole.set(frame, head.length)
        emit(whole)
      },
    },
  }),
})
