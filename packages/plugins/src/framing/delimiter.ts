import {
  type Frame,
  inject,
  injectable,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stages,
  use,
} from '@millrace/core'
import { DelimitedDecoder } from './delimited-decoder.ts'
import { DelimitedEncoder } from './delimited-encoder.ts'
import { checkSequences, readSequences } from './delimiter-sequences.ts'
import { discardReport, type FramerFactory } from './framer-factory.ts'
import { SequenceAutomaton } from './sequence-automaton.ts'
import { SequenceMatcher } from './sequence-matcher.ts'

/** Options of {@link delimiter}. */
export interface DelimiterOptions {
  /**
   * What ends a frame: 1 to 16 delimiters of 1 to 64 bytes, in UTF-8, with `|` between one and the next. The escapes
   * `\n`, `\r`, `\t`, `\0`, `\\`, `\|` and `\xHH` are read here, so in code the backslash is written twice. The first
   * one is put behind each frame that is sent.
   *
   * @defaultValue '\0'
   */
  readonly by?: string
  /** The same as bytes, in code only; takes the place of `by`. None unless given. */
  readonly sequences?: readonly Uint8Array[]
  /**
   * The longest frame, its delimiter not counted, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 65_536
   */
  readonly maxLength?: number
  /**
   * What a longer frame is: an error as soon as it is that long, or passed over up to its delimiter and reported as a
   * `plugin-event` ({@link FrameDiscarded}).
   *
   * @defaultValue 'error'
   */
  readonly onTooLong?: 'error' | 'discard'
  /**
   * What a last frame without a delimiter is when the stream ends: an {@link UnexpectedEndError}, because it may have
   * been cut off, or a frame like any other.
   *
   * @defaultValue 'error'
   */
  readonly unterminated?: 'error' | 'emit'
}

type Resolved = Required<Omit<DelimiterOptions, 'sequences'>> & Pick<DelimiterOptions, 'sequences'>

const isSequences = (value: unknown): value is readonly Uint8Array[] =>
  Array.isArray(value) && value.every((one) => one instanceof Uint8Array)

const sequencesOf = ({ by, sequences }: Resolved): Uint8Array[] =>
  sequences === undefined ? checkSequences(readSequences(by), by) : checkSequences(sequences, sequences)

/** The plugin behind {@link delimiter}. All connections read one automaton. */
@injectable()
export class Delimiter implements Plugin<Uint8Array, Frame, Uint8Array, Uint8Array> {
  static readonly description: PluginDescription & { readonly produces: 'frame' } = {
    name: 'delimiter',
    help: 'cuts bytes into frames at one or several delimiters, and puts one behind each frame that is sent',
    options: {
      by: { type: 'string', default: String.raw`\0`, help: String.raw`the delimiters, | between them (\r\n|\x1e)` },
      sequences: {
        type: 'code',
        expected: 'an array of Uint8Arrays',
        check: isSequences,
        help: 'the delimiters as bytes',
      },
      maxLength: { type: 'integer', unit: 'bytes', range: [1, 16_777_216], default: 65_536, help: 'the longest frame' },
      onTooLong: { type: 'string', values: ['error', 'discard'], default: 'error', help: 'what a longer frame is' },
      unterminated: {
        type: 'string',
        values: ['error', 'emit'],
        default: 'error',
        help: 'what a last frame without a delimiter is',
      },
    },
    primary: 'by',
    accepts: 'bytes',
    produces: 'frame',
  }

  readonly name = 'delimiter'
  readonly perDatagram = true
  readonly #options: Resolved
  readonly #automaton: SequenceAutomaton
  readonly #sent: Uint8Array

  constructor(@inject(PLUGIN_OPTIONS) options: Resolved) {
    const sequences = sequencesOf(options)
    this.#options = options
    this.#automaton = new SequenceAutomaton(sequences)
    this.#sent = sequences[0] as Uint8Array
  }

  open(context: PluginContext): Stages<Uint8Array, Frame, Uint8Array, Uint8Array> {
    const { maxLength, onTooLong, unterminated } = this.#options
    const matcher = (): SequenceMatcher => new SequenceMatcher(this.#automaton)
    const onDiscard = discardReport(onTooLong, context)
    return {
      inbound: new DelimitedDecoder(matcher(), { maxLength, unterminated, onDiscard }),
      outbound: new DelimitedEncoder(this.#sent, matcher(), maxLength),
    }
  }
}

/**
 * Cuts bytes into frames at delimiters, and puts one behind each frame that is sent. The delimiter that is complete
 * first ends the frame; of several that end at the same byte, the longest. So `\n|\r\n` takes both, and `\r|\r\n` is
 * refused, since the second would never be seen.
 *
 * - **Largest frame**: `maxLength`, 65,536 bytes by default; it keeps at most that and a delimiter.
 * - **End of the stream** in a frame: `unterminated`, by default an error.
 * - **Datagrams**: as many frames as there are; the end of the datagram ends its last frame, and no frame spans two.
 * - **Errors** end a stream, and cost a datagram its rest. Only `onTooLong: 'discard'` skips, to the next delimiter.
 * - **Sending**: a frame that holds a delimiter, or would with the one behind it, is a {@link CorruptFrameError}, one
 *   that is too long a {@link FrameTooLongError}.
 *
 * A frame within one chunk is a view of it, any other a copy. Its stages keep nothing of what they are pushed
 * (`borrows`). Delimiters that all begin with the same byte are the fastest.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range, and for delimiters
 * that cannot be told apart.
 *
 * @example
 * const records = pipeline(delimiter({ by: '\\x1e|\\x1d' }), echo())
 */
export const delimiter: FramerFactory<DelimiterOptions> = Object.assign(create, { description: Delimiter.description })

function create(options?: DelimiterOptions): ReturnType<FramerFactory<DelimiterOptions>> {
  const configured = use(Delimiter, options)
  sequencesOf(configured.options as Resolved)
  return configured
}
