import { definePlugin, type Frame, type PluginDescription } from '@millrace/core'
import { discardReport } from '../framing/framer-factory.ts'
import { jsonFormat } from './json-format.ts'
import { MessageDecoder, MessageEncoder } from './message-codec.ts'
import { type AnySchema, MESSAGE_OPTIONS, type MessageCodec, type MessageOptions } from './message-options.ts'
import type { Schema } from './schema.ts'

/** Options of {@link json}. */
export type JsonOptions<In extends Schema = AnySchema, Out extends Schema = AnySchema> = MessageOptions<In, Out>

/** The type of {@link json}. */
export interface JsonFactory {
  <In extends Schema = AnySchema, Out extends Schema = AnySchema>(
    options?: JsonOptions<In, Out>,
  ): MessageCodec<Frame, In, Out>
  readonly description: PluginDescription
}

/**
 * Frames to values by JSON, and back. It stands behind a framing codec, which says where a value ends: {@link lines},
 * {@link lengthPrefixed}, any. (For JSON in lines there is {@link jsonLines}.)
 *
 * With a `schema`, a Standard Schema such as zod, valibot and arktype make them, the messages have the type that it
 * gives, and are what it makes of them; without one they are `unknown`. An `outboundSchema` does the same for what is
 * sent.
 *
 * - **Largest frame**: its framer's. Nested deeper than `maxDepth`, 128 by default, is a {@link CorruptFrameError}.
 * - **End of the stream**: it keeps nothing from one frame to the next.
 * - **Datagrams**: each frame by itself.
 * - **Errors** end a stream, and cost a datagram its rest: what is no UTF-8 or no JSON, a key `__proto__`, a
 *   `constructor` with a `prototype` ({@link CorruptFrameError}); what does not fit the schema ({@link
 *   InvalidMessageError}). With `invalid: 'discard'` each of them skips its frame.
 * - **Sending**: what JSON cannot express is a {@link CorruptFrameError}, what does not fit `outboundSchema` an {@link
 *   InvalidMessageError}.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range; on a connection,
 * as the cause of a {@link PluginError}, for a schema that is asynchronous.
 *
 * @example
 * const readings = pipeline(lines(), json({ schema: z.object({ celsius: z.number() }) }), discard())
 *
 * @see https://standardschema.dev
 */
export const json: JsonFactory = definePlugin({
  name: 'json',
  help: 'frames to JSON values and back',
  options: MESSAGE_OPTIONS,
  primary: 'maxDepth',
  accepts: 'frame',
  produces: 'message',
  perDatagram: true,
  open(context, { maxDepth, invalid, ...schemas }) {
    const format = jsonFormat(maxDepth)
    const rules = { name: 'json', onDiscard: discardReport(invalid, context), ...schemas }
    return { inbound: new MessageDecoder(format, rules), outbound: new MessageEncoder(format, rules) }
  },
}) as JsonFactory
