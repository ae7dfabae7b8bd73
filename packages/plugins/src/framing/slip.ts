import { Buffer } from 'node:buffer'
import { CorruptFrameError, definePlugin, type Emit, FrameTooLongError } from '@millrace/core'
import { checkFrame } from './check-frame.ts'
import { findByte } from './find-byte.ts'
import { discardReport, type FramerFactory } from './framer-factory.ts'
import { type Place, StuffedDecoder, type StuffedRules } from './stuffed-decoder.ts'

/** Options of {@link slip}. */
export interface SlipOptions {
  /**
   * The longest frame, decoded, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 65_536
   */
  readonly maxLength?: number
  /**
   * What a frame is that is too long or has an escape that is none: an error, or passed over up to the next END and
   * reported as a `plugin-event` ({@link FrameDiscarded}).
   *
   * @defaultValue 'error'
   */
  readonly invalid?: 'error' | 'discard'
}

const END = 0xc0
const ESC = 0xdb
const ESC_END = 0xdc
const ESC_ESC = 0xdd

class SlipDecoder extends StuffedDecoder {
  /** The last byte was an ESC. */
  #escaped = false
  /** Where in the current chunk the next ESC stands, as far as was looked: so that no byte is looked at twice. */
  #nextEsc = -1

  constructor(rules: StuffedRules) {
    super(END, rules)
  }

  protected override turnTo(): void {
    this.#nextEsc = -1
  }

  protected override forget(): void {
    this.#escaped = false
  }

  protected override asIs(chunk: Uint8Array, start: number, end: number): Place | undefined {
    return this.#escFrom(chunk, start) >= end ? [start, end] : undefined
  }

  protected override decode(chunk: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end) {
      if (this.#escaped) {
        this.putByte(this.#unescape(chunk[at] as number, at))
        this.#escaped = false
        at++
      }
      const esc = Math.min(this.#escFrom(chunk, at), end)
      if (esc > at) this.put(chunk, at, esc)
      this.#escaped = esc < end
      at = esc + 1
    }
  }

  protected override finish(offset: number): void {
    if (this.#escaped) throw new CorruptFrameError('an escape that is cut off by the end of its frame', { offset })
  }

  #unescape(byte: number, at: number): number {
    if (byte === ESC_END) return END
    if (byte === ESC_ESC) return ESC
    throw new CorruptFrameError('an escape that is none', { offset: this.offsetOf(at) })
  }

  #escFrom(chunk: Uint8Array, at: number): number {
    if (this.#nextEsc < at) {
      const found = findByte(chunk, ESC, at)
      this.#nextEsc = found === -1 ? Infinity : found
    }
    return this.#nextEsc
  }
}

/** A frame between two ENDs: the first one ends whatever noise came before. */
function encodeSlip(frame: Uint8Array): Uint8Array {
  let escapes = 0
  for (const byte of frame) if (byte === END || byte === ESC) escapes++
  const encoded = Buffer.allocUnsafe(frame.length + escapes + 2)
  let at = 0
  encoded[at++] = END
  for (const byte of frame) {
    if (byte === END || byte === ESC) encoded[at++] = ESC
    encoded[at++] = byte === END ? ESC_END : byte === ESC ? ESC_ESC : byte
  }
  encoded[at] = END
  return encoded
}

/**
 * SLIP: frames between END bytes, which are escaped where they occur in a frame.
 *
 * - **Largest frame**: `maxLength` bytes decoded, 65,536 by default; it keeps at most that.
 * - **End of the stream** in a frame: {@link UnexpectedEndError}.
 * - **Datagrams**: as many frames as there are; none spans two, so a rest at the end is an {@link UnexpectedEndError}.
 * - **Errors** end a stream, and cost a datagram its rest: a frame that is too long ({@link FrameTooLongError}), an
 *   escape that is none ({@link CorruptFrameError}). With `invalid: 'discard'` both skip to the next END.
 * - **Sending**: END, the frame, END. An empty frame, which is none to the peer, is a {@link CorruptFrameError}.
 *
 * A frame within one chunk that has no escapes is a view of it, any other a copy. Its stages keep nothing of what they
 * are pushed (`borrows`).
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const packets = pipeline(slip({ maxLength: 1006 }), echo())
 *
 * @see https://www.rfc-editor.org/rfc/rfc1055
 */
export const slip: FramerFactory<SlipOptions> = definePlugin({
  name: 'slip',
  help: 'frames between END bytes (RFC 1055)',
  options: {
    maxLength: { type: 'integer', unit: 'bytes', range: [1, 16_777_216], default: 65_536, help: 'the longest frame' },
    invalid: { type: 'string', values: ['error', 'discard'], default: 'error', help: 'what a bad frame is' },
  },
  primary: 'maxLength',
  produces: 'frame',
  perDatagram: true,
  open: (context, { maxLength, invalid }) => ({
    inbound: new SlipDecoder({ maxLength, onDiscard: discardReport(invalid, context) }),
    outbound: {
      borrows: true,
      push(frame: Uint8Array, emit: Emit<Uint8Array>): void {
        checkFrame(frame)
        if (frame.length > maxLength) throw new FrameTooLongError(maxLength, frame.length)
        if (frame.length === 0) throw new CorruptFrameError('an empty frame, which SLIP cannot carry')
        emit(encodeSlip(frame))
      },
    },
  }),
})
