import { Buffer } from 'node:buffer'
import { definePlugin } from '@millrace/core'
import { DelimitedDecoder } from './delimited-decoder.ts'
import { DelimitedEncoder } from './delimited-encoder.ts'
import { discardReport, type FramerFactory } from './framer-factory.ts'
import { LineMatcher } from './line-matcher.ts'
import { StrictLineEncoder, StrictLines } from './strict-lines.ts'

/** Options of {@link lines}. */
export interface LinesOptions {
  /**
   * The longest line, its ending not counted, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 65_536
   */
  readonly maxLength?: number
  /**
   * What ends a line: `lf` is LF, `crlf` is CR LF and nothing else, `any` is LF with or without a CR before it. A line
   * that is sent ends in CR LF with `crlf`, else in LF.
   *
   * @defaultValue 'any'
   */
  readonly ending?: 'any' | 'lf' | 'crlf'
  /**
   * Whether a CR or LF that is no part of an ending is a {@link CorruptFrameError}; otherwise it belongs to its line.
   *
   * @defaultValue false
   */
  readonly strict?: boolean
  /**
   * What a line longer than `maxLength` is: an error as soon as it is that long, or passed over up to its end and
   * reported as a `plugin-event` ({@link FrameDiscarded}).
   *
   * @defaultValue 'error'
   */
  readonly onTooLong?: 'error' | 'discard'
  /**
   * What a last line without its ending is when the stream ends: an {@link UnexpectedEndError}, because it may have
   * been cut off, or a line like any other.
   *
   * @defaultValue 'error'
   */
  readonly unterminated?: 'error' | 'emit'
}

/**
 * Cuts bytes into lines, and ends each line that is sent. What it gives are frames, the bytes without their ending;
 * {@link text} makes strings of them, {@link json} values.
 *
 * - **Largest frame**: `maxLength`, 65,536 bytes by default; it keeps at most that and one byte.
 * - **End of the stream** in a line: `unterminated`, by default an error.
 * - **Datagrams**: as many lines as there are; the end of the datagram ends its last line, and no line spans two.
 * - **Errors** end a stream, and cost a datagram its rest. Only `onTooLong: 'discard'` skips, and goes on with the next
 *   line.
 * - **Sending**: a line that holds an ending itself is a {@link CorruptFrameError}, one that is too long a {@link
 *   FrameTooLongError}: nothing is sent that would be two lines to the peer.
 *
 * A line within one chunk is a view of it, any other a copy. Its stages keep nothing of what they are pushed
 * (`borrows`).
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const shout = pipeline(lines({ maxLength: 4096 }), uppercaser(), echo())
 *
 * @see https://www.rfc-editor.org/rfc/rfc5321#section-2.3.8 for why `strict`
 */
export const lines: FramerFactory<LinesOptions> = definePlugin({
  name: 'lines',
  help: 'cuts bytes into lines, and ends each line that is sent',
  options: {
    maxLength: { type: 'integer', unit: 'bytes', range: [1, 16_777_216], default: 65_536, help: 'the longest line' },
    ending: {
      type: 'string',
      values: ['any', 'lf', 'crlf'],
      default: 'any',
      help: 'what ends a line; any: LF, with or without a CR before it',
    },
    strict: { type: 'boolean', default: false, help: 'refuse a CR or LF that is no part of an ending' },
    onTooLong: { type: 'string', values: ['error', 'discard'], default: 'error', help: 'what a longer line is' },
    unterminated: {
      type: 'string',
      values: ['error', 'emit'],
      default: 'error',
      help: 'what a last line without its ending is',
    },
  },
  primary: 'maxLength',
  produces: 'frame',
  perDatagram: true,
  open(context, { maxLength, ending, strict, onTooLong, unterminated }) {
    const onDiscard = discardReport(onTooLong, context)
    const decoder = new DelimitedDecoder(new LineMatcher(ending), { maxLength, unterminated, onDiscard })
    const delimiter = Buffer.from(ending === 'crlf' ? '\r\n' : '\n')
    const encoder = new DelimitedEncoder(delimiter, new LineMatcher(ending), maxLength)
    if (!strict) return { inbound: decoder, outbound: encoder }
    return { inbound: new StrictLines(ending, decoder, unterminated), outbound: new StrictLineEncoder(encoder) }
  },
})
