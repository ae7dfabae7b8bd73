import { Buffer } from 'node:buffer'
import {
  definePlugin,
  type Emit,
  type Frame,
  FrameError,
  FrameTooLongError,
  type PluginDescription,
  type Stage,
} from '@millrace/core'
import { DelimitedDecoder } from '../framing/delimited-decoder.ts'
import { discardReport } from '../framing/framer-factory.ts'
import { LF, LineMatcher } from '../framing/line-matcher.ts'
import { jsonFormat } from './json-format.ts'
import { type MessageFormat, type MessageRules, readMessage, writeMessage } from './message-codec.ts'
import { type AnySchema, MESSAGE_OPTIONS, type MessageCodec, type MessageOptions } from './message-options.ts'
import type { Schema } from './schema.ts'

/** Options of {@link jsonLines}. */
export interface JsonLinesOptions<In extends Schema = AnySchema, Out extends Schema = AnySchema>
  extends MessageOptions<In, Out> {
  /**
   * The longest line, its ending not counted, in bytes: 1 to 16,777,216.
   *
   * @defaultValue 1_048_576
   */
  readonly maxLength?: number
  /**
   * What a last line without its ending is when the stream ends: an {@link UnexpectedEndError}, because it may have
   * been cut off (`23` of `2345`), or a line like any other.
   *
   * @defaultValue 'error'
   */
  readonly unterminated?: 'error' | 'emit'
  /**
   * What a line of nothing but spaces is: passed over without a word, or an error like any other that is no JSON.
   *
   * @defaultValue 'ignore'
   */
  readonly blank?: 'ignore' | 'error'
}

/** The type of {@link jsonLines}. */
export interface JsonLinesFactory {
  <In extends Schema = AnySchema, Out extends Schema = AnySchema>(
    options?: JsonLinesOptions<In, Out>,
  ): MessageCodec<Uint8Array, In, Out>
  readonly description: PluginDescription
}

interface LineRules extends MessageRules {
  readonly maxLength: number
  readonly unterminated: 'error' | 'emit'
  readonly blank: 'ignore' | 'error'
}

const isBlank = (line: Uint8Array): boolean => line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)

/** Lines to messages, in one stage. */
class JsonLinesDecoder implements Stage<Uint8Array, unknown> {
  readonly borrows = true
  readonly #lines: DelimitedDecoder
  readonly #format: MessageFormat
  readonly #rules: LineRules
  /** Where the messages of the current call go. */
  #emit: Emit<unknown> = () => {}

  constructor(format: MessageFormat, rules: LineRules) {
    this.#format = format
    this.#rules = rules
    this.#lines = new DelimitedDecoder(new LineMatcher('any'), rules)
  }

  push(chunk: Uint8Array, emit: Emit<unknown>): void {
    this.#emit = emit
    this.#lines.push(chunk, this.#onLine)
  }

  end(emit: Emit<unknown>): void {
    this.#emit = emit
    this.#lines.end(this.#onLine)
  }

  endOfDatagram(emit: Emit<unknown>): void {
    this.#emit = emit
    this.#lines.endOfDatagram(this.#onLine)
  }

  reset(): void {
    this.#lines.reset()
  }

  readonly #onLine = (line: Frame): void => {
    if (this.#rules.blank === 'ignore' && isBlank(line)) return
    const { onDiscard } = this.#rules
    let message: unknown
    try {
      message = readMessage(this.#format, this.#rules, line, this.#lines.offset)
    } catch (error) {
      if (!(error instanceof FrameError) || onDiscard === undefined) throw error
      return onDiscard(error)
    }
    this.#emit(message)
  }
}

class JsonLinesEncoder implements Stage<unknown, Uint8Array> {
  readonly borrows = true
  readonly #format: MessageFormat
  readonly #rules: LineRules

  constructor(format: MessageFormat, rules: LineRules) {
    this.#format = format
    this.#rules = rules
  }

  push(message: unknown, emit: Emit<Uint8Array>): void {
    const { maxLength } = this.#rules
    const text = writeMessage(this.#format, this.#rules, message)
    if (text.length > maxLength) throw new FrameTooLongError(maxLength, text.length)
    const line = Buffer.allocUnsafe(text.length + 1)
    line.set(text)
    line[text.length] = LF
    emit(line)
  }
}

/**
 * JSON in lines, NDJSON: a value in each. It is {@link lines} and {@link json} in one, and knows which line was wrong.
 *
 * - **Largest frame**: `maxLength`, a line of 1,048,576 bytes by default; it keeps at most that and one byte. Nested
 *   deeper than `maxDepth`, 128 by default, is a {@link CorruptFrameError}.
 * - **End of the stream** in a line: `unterminated`, by default an error.
 * - **Datagrams**: as many lines as there are; the end of the datagram ends its last line, and no line spans two.
 * - **Errors** end a stream, and cost a datagram its rest: those of {@link json}, and a line that is too long ({@link
 *   FrameTooLongError}). With `invalid: 'discard'` each of them skips its line.
 * - **Sending**: a line, ended by LF; one longer than `maxLength` is a {@link FrameTooLongError}, what JSON cannot
 *   express a {@link CorruptFrameError}, what does not fit `outboundSchema` an {@link InvalidMessageError}.
 *
 * A line ends in LF, with or without a CR before it.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range; on a connection,
 * as the cause of a {@link PluginError}, for a schema that is asynchronous.
 *
 * @example
 * const readings = pipeline(jsonLines({ schema: z.object({ celsius: z.number() }) }), discard())
 *
 * @see https://github.com/ndjson/ndjson-spec
 */
export const jsonLines: JsonLinesFactory = definePlugin({
  name: 'json-lines',
  help: 'JSON values, one in each line (NDJSON)',
  options: {
    maxLength: { type: 'integer', unit: 'bytes', range: [1, 16_777_216], default: 1_048_576, help: 'the longest line' },
    ...MESSAGE_OPTIONS,
    unterminated: {
      type: 'string',
      values: ['error', 'emit'],
      default: 'error',
      help: 'what a last line without its ending is',
    },
    blank: { type: 'string', values: ['ignore', 'error'], default: 'ignore', help: 'what a line of nothing is' },
  },
  primary: 'maxLength',
  produces: 'message',
  perDatagram: true,
  open(context, { maxDepth, invalid, ...options }) {
    const format = jsonFormat(maxDepth)
    const rules = { name: 'json-lines', onDiscard: discardReport(invalid, context), ...options }
    return { inbound: new JsonLinesDecoder(format, rules), outbound: new JsonLinesEncoder(format, rules) }
  },
}) as JsonLinesFactory
