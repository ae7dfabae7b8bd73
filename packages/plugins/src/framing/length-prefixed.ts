import { Buffer } from 'node:buffer'
import {
  type ConfiguredPlugin,
  CorruptFrameError,
  definePlugin,
  type Emit,
  type Frame,
  FrameTooLongError,
  InvalidOptionError,
  type Stage,
} from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import { FixedHead, type LengthField, writeLength } from './fixed-head.ts'
import { discardReport, type FramerFactory } from './framer-factory.ts'
import { LengthDecoder } from './length-decoder.ts'

/** Options of {@link lengthPrefixed}. */
export interface LengthPrefixedOptions {
  /**
   * The length of the length field, in bytes: 1 to 8.
   *
   * @defaultValue 4
   */
  readonly bytes?: number
  /**
   * The most that may follow the length field, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 1_048_576
   */
  readonly maxLength?: number
  /**
   * The order of the bytes of the length field; `big` is network order.
   *
   * @defaultValue 'big'
   */
  readonly endian?: 'big' | 'little'
  /**
   * What stands before the length field, in bytes: 0 to 65,535.
   *
   * @defaultValue 0
   */
  readonly offset?: number
  /**
   * What is added to the value of the length field to get what follows it, in bytes: -65,535 to 65,535. Where the
   * length counts itself, that is minus `bytes`.
   *
   * @defaultValue 0
   */
  readonly adjustment?: number
  /**
   * What a longer frame is: an error as soon as its length is known, or passed over to its end and reported as a
   * `plugin-event` ({@link FrameDiscarded}).
   *
   * @defaultValue 'error'
   */
  readonly onTooLong?: 'error' | 'discard'
  /**
   * How much of the beginning of a frame is taken off before it is given on, in bytes: 0 to `offset` and `bytes`
   * together. Default all of that.
   */
  readonly strip?: number
}

/** Puts the length before what is sent. */
class LengthEncoder implements Stage<Uint8Array, Uint8Array> {
  readonly borrows = true
  readonly #field: LengthField
  readonly #maxLength: number

  constructor(field: LengthField, maxLength: number) {
    this.#field = field
    this.#maxLength = maxLength
  }

  push(frame: Uint8Array, emit: Emit<Uint8Array>): void {
    checkFrame(frame)
    const { offset, bytes, adjustment, strip } = this.#field
    const body = frame.length - (offset + bytes - strip)
    const value = body - adjustment
    if (body < 0 || value < 0) throw new CorruptFrameError('what is sent is shorter than its head says')
    if (body > this.#maxLength) throw new FrameTooLongError(this.#maxLength, body)
    if (value >= 256 ** bytes) throw new FrameTooLongError(256 ** bytes - 1 + adjustment, body)
    const whole = Buffer.allocUnsafe(strip + frame.length).fill(0, 0, strip)
    whole.set(frame, strip)
    writeLength(whole, offset, value, this.#field)
    emit(whole)
  }
}

const plugin = definePlugin({
  name: 'length-prefixed',
  help: 'frames that begin with their length',
  options: {
    bytes: { type: 'integer', unit: 'bytes', range: [1, 8], default: 4, help: 'length of the length field' },
    maxLength: {
      type: 'integer',
      unit: 'bytes',
      range: [1, 16_777_216],
      default: 1_048_576,
      help: 'the most that may follow the length field',
    },
    endian: { type: 'string', values: ['big', 'little'], default: 'big', help: 'order of the bytes of the length' },
    offset: { type: 'integer', unit: 'bytes', range: [0, 65_535], default: 0, help: 'what stands before the length' },
    adjustment: {
      type: 'integer',
      unit: 'bytes',
      range: [-65_535, 65_535],
      default: 0,
      help: 'added to the length to get what follows the length field',
    },
    onTooLong: { type: 'string', values: ['error', 'discard'], default: 'error', help: 'what a longer frame is' },
    strip: {
      type: 'integer',
      unit: 'bytes',
      range: [0, 65_543],
      help: 'how much of the beginning is taken off; default offset and bytes together',
    },
  },
  primary: 'bytes',
  produces: 'frame',
  perDatagram: true,
  open(context, { maxLength, onTooLong, ...options }) {
    const field = { ...options, strip: options.strip ?? options.offset + options.bytes }
    const onDiscard = discardReport(onTooLong, context)
    return {
      inbound: new LengthDecoder(new FixedHead(field), { maxLength, onDiscard }),
      outbound: new LengthEncoder(field, maxLength),
    }
  },
})

/**
 * Frames that begin with their length: a field of 1 to 8 bytes in either order, with other fields before it, and
 * counting more or less than what follows it.
 *
 * - **Largest frame**: `maxLength` bytes behind the length field, 1,048,576 by default; it keeps at most that and the
 *   head, and sets aside no more than four times what has arrived, whatever a length says.
 * - **End of the stream** in a frame: {@link UnexpectedEndError}.
 * - **Datagrams**: as many frames as there are; none spans two, so a rest at the end is an {@link UnexpectedEndError}.
 * - **Errors** end a stream, and cost a datagram its rest: a frame that is too long ({@link FrameTooLongError}), a
 *   length that with `adjustment` is less than nothing ({@link CorruptFrameError}). Only `onTooLong: 'discard'` skips,
 *   to the next frame.
 * - **Sending**: `strip` zeros, then the frame, and the length written into its place. Where `strip` leaves the length
 *   field in the frame, it is written over.
 *
 * A frame within one chunk is a view of it, any other a copy. Its stages keep nothing of what they are pushed
 * (`borrows`).
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const dnsOverTcp = pipeline(lengthPrefixed({ bytes: 2, maxLength: 65_535 }), echo())
 */
export const lengthPrefixed: FramerFactory<LengthPrefixedOptions> = Object.assign(create, {
  description: plugin.description,
})

function create(
  options?: LengthPrefixedOptions,
): ConfiguredPlugin<Uint8Array, Frame, Uint8Array, Uint8Array, 'frame'> {
  const configured = plugin(options)
  const { strip, offset, bytes } = configured.options as Pick<LengthField, 'offset' | 'bytes'> & { strip?: number }
  if (strip !== undefined && strip > offset + bytes) {
    const most = `at most ${offset + bytes}, which offset and bytes make`
    throw new InvalidOptionError('length-prefixed.strip', most, strip)
  }
  return configured
}
