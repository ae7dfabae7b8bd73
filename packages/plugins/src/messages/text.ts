import {
  type ConfiguredPlugin,
  definePlugin,
  type Frame,
  type OptionDescriptions,
  type PluginDescription,
} from '@millrace/core'
import { ENCODINGS } from './encodings.ts'
import { MessageDecoder, MessageEncoder } from './message-codec.ts'
import { textFormat } from './text-format.ts'
import { TextStreamDecoder } from './text-stream-decoder.ts'

/** Options of {@link text}. */
export interface TextOptions {
  /**
   * How characters are bytes.
   *
   * @defaultValue 'utf-8'
   */
  readonly encoding?: 'utf-8' | 'utf-16le' | 'latin1'
  /**
   * What bytes are that are no text, and characters that the encoding does not have: an error ({@link
   * CorruptFrameError}), or U+FFFD in their place (`?` where latin1 is sent).
   *
   * @defaultValue 'error'
   */
  readonly invalid?: 'error' | 'replace'
  /**
   * Whether it stands on bytes, however they are cut, rather than on frames.
   *
   * @defaultValue false
   */
  readonly stream?: boolean
}

/** A configured {@link text}. */
export type TextCodec<Wire> = ConfiguredPlugin<Wire, string, string, Uint8Array, 'message'>

/** The type of {@link text}. */
export interface TextFactory {
  (options?: TextOptions & { readonly stream?: false }): TextCodec<Frame>
  (options: TextOptions & { readonly stream: true }): TextCodec<Uint8Array>
  readonly description: PluginDescription
}

const OPTIONS = {
  encoding: {
    type: 'string',
    values: ['utf-8', 'utf-16le', 'latin1'],
    default: 'utf-8',
    help: 'how characters are bytes',
  },
  invalid: { type: 'string', values: ['error', 'replace'], default: 'error', help: 'what bytes are that are no text' },
  stream: { type: 'boolean', default: false, help: 'stand on bytes, however they are cut, and not on frames' },
} as const satisfies OptionDescriptions

const definition = {
  name: 'text',
  help: 'frames, or with stream=true a stream of bytes, to strings and back',
  options: OPTIONS,
  primary: 'encoding',
  produces: 'message',
  perDatagram: true,
} as const

type None = Record<never, never>

const ofFrames = definePlugin<Frame, unknown, unknown, Uint8Array, typeof OPTIONS, None, 'message'>({
  ...definition,
  accepts: 'frame',
  open: (_context, { encoding, invalid }) => {
    const format = textFormat(ENCODINGS[encoding], invalid)
    const rules = { name: 'text' }
    return { inbound: new MessageDecoder(format, rules), outbound: new MessageEncoder(format, rules) }
  },
})

const ofStream = definePlugin<Uint8Array, unknown, unknown, Uint8Array, typeof OPTIONS, None, 'message'>({
  ...definition,
  accepts: 'bytes',
  open: ({ connection: { datagram } }, { encoding: name, invalid }) => {
    const encoding = ENCODINGS[name]
    return {
      inbound: new TextStreamDecoder({ encoding, invalid, datagram }),
      outbound: new MessageEncoder(textFormat(encoding, invalid), { name: 'text' }),
    }
  },
})

/**
 * Bytes to strings, and back.
 *
 * It stands behind a framing codec and gives a string for each frame. With `stream: true` it stands on bytes and gives
 * text as it comes: a character that is cut in two waits for its other half, the boundaries of the strings mean
 * nothing, and on a datagram connection each datagram is one string.
 *
 * - **Largest frame**: its framer's. With `stream` there are none; it keeps at most three bytes, on a datagram
 *   connection the text of the datagram.
 * - **End of the stream**: nothing is kept between frames. With `stream`, inside a character: {@link
 *   UnexpectedEndError}, or U+FFFD with `invalid: 'replace'`.
 * - **Datagrams**: each frame by itself; with `stream` each datagram, and no character spans two.
 * - **Errors** end a stream, and cost a datagram its rest: bytes that are no text ({@link CorruptFrameError}). With
 *   `invalid: 'replace'` there are none.
 * - **Sending**: the bytes of a string; a character that the encoding does not have is a {@link CorruptFrameError}, or
 *   replaced. Half a surrogate pair is one in any encoding.
 *
 * A byte order mark is a character like any other, both ways.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const greet = pipeline(lines(), text(), respond((name: string) => `hello ${name}`))
 */
export const text: TextFactory = Object.assign(create, { description: ofFrames.description })

function create(options?: TextOptions): never {
  return (options?.stream === true ? ofStream(options) : ofFrames(options)) as never
}
