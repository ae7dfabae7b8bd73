import { definePlugin, type Frame, type PluginDescription } from '@millrace/core'
import { discardReport } from '../framing/framer-factory.ts'
import { MessageDecoder, MessageEncoder } from './message-codec.ts'
import { type AnySchema, MESSAGE_OPTIONS, type MessageCodec, type MessageOptions } from './message-options.ts'
import { msgpackFormat } from './msgpack-format.ts'
import type { Schema } from './schema.ts'

/** Options of {@link msgpack}. */
export interface MsgpackOptions<In extends Schema = AnySchema, Out extends Schema = AnySchema>
  extends MessageOptions<In, Out> {
  /**
   * Whether 64-bit integers are `bigint`s, both ways. Otherwise they are numbers, and one beyond 2^53 is a {@link
   * CorruptFrameError}.
   *
   * @defaultValue false
   */
  readonly bigints?: boolean
}

/** The type of {@link msgpack}. */
export interface MsgpackFactory {
  <In extends Schema = AnySchema, Out extends Schema = AnySchema>(
    options?: MsgpackOptions<In, Out>,
  ): MessageCodec<Frame, In, Out>
  readonly description: PluginDescription
}

/**
 * Frames to values by MessagePack, and back. It stands behind a framing codec, which says where a value ends, such as
 * {@link lengthPrefixed}. Schemas are as in {@link json}.
 *
 * Binary values are `Uint8Array`s, views of their frame; timestamps are `Date`s, other extensions `ExtData` of
 * `@msgpack/msgpack`; the keys of a map are strings or numbers.
 *
 * - **Largest frame**: its framer's. A frame is gone over before anything is made of it: nested deeper than `maxDepth`,
 *   128 by default, or with an array or map that claims more than there are bytes, it is a {@link CorruptFrameError}.
 * - **End of the stream**: it keeps nothing from one frame to the next.
 * - **Datagrams**: each frame by itself.
 * - **Errors** end a stream, and cost a datagram its rest: what is not one whole value, text that is no UTF-8, a key
 *   that is `__proto__` or neither string nor number, a `constructor` with a `prototype` ({@link CorruptFrameError});
 *   what does not fit the schema ({@link InvalidMessageError}). With `invalid: 'discard'` each of them skips its frame.
 * - **Sending**: what MessagePack cannot express, or deeper than `maxDepth`, is a {@link CorruptFrameError}, what does
 *   not fit `outboundSchema` an {@link InvalidMessageError}.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range; on a connection,
 * as the cause of a {@link PluginError}, for a schema that is asynchronous.
 *
 * @example
 * const readings = pipeline(lengthPrefixed(), msgpack({ schema: z.object({ celsius: z.number() }) }), discard())
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export const msgpack: MsgpackFactory = definePlugin({
  name: 'msgpack',
  help: 'frames to MessagePack values and back',
  options: {
    ...MESSAGE_OPTIONS,
    bigints: { type: 'boolean', default: false, help: '64-bit integers are bigints' },
  },
  primary: 'maxDepth',
  accepts: 'frame',
  produces: 'message',
  perDatagram: true,
  open(context, { maxDepth, bigints, invalid, ...schemas }) {
    const format = msgpackFormat({ maxDepth, bigints })
    const rules = { name: 'msgpack', onDiscard: discardReport(invalid, context), ...schemas }
    return { inbound: new MessageDecoder(format, rules), outbound: new MessageEncoder(format, rules) }
  },
}) as MsgpackFactory
