import type { ConfiguredPlugin, OptionDescriptions } from '@millrace/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { isSchema, type Schema } from './schema.ts'

/** Options that the codecs of messages have in common. */
export interface MessageOptions<In extends Schema, Out extends Schema> {
  /**
   * How deep arrays and objects may be nested: 1 to 1,024. `[[]]` is 2 deep.
   *
   * @defaultValue 128
   */
  readonly maxDepth?: number
  /**
   * What a frame is that holds no message, or one that does not fit its schema: an error, or passed over and reported
   * as a `plugin-event` ({@link FrameDiscarded}).
   *
   * @defaultValue 'error'
   */
  readonly invalid?: 'error' | 'discard'
  /**
   * Checks each message that arrives, and makes of it what goes on; in code only. Must not be asynchronous. None unless
   * given: then a message is `unknown`.
   */
  readonly schema?: In
  /** Checks each message that is sent, and makes of it what is encoded; in code only. None unless given. */
  readonly outboundSchema?: Out
}

/** What the messages are where there is no schema. */
export type AnySchema = StandardSchemaV1<unknown, unknown>

/** A configured codec that knows its messages by its schemas. */
export type MessageCodec<Wire, In extends Schema, Out extends Schema> = ConfiguredPlugin<
  Wire,
  StandardSchemaV1.InferOutput<In>,
  StandardSchemaV1.InferInput<Out>,
  Uint8Array,
  'message'
>

const schema = (help: string) =>
  ({ type: 'code', expected: 'a Standard Schema', check: isSchema, help }) as const

/** {@link MessageOptions}, described. */
export const MESSAGE_OPTIONS = {
  maxDepth: {
    type: 'integer',
    unit: 'levels',
    range: [1, 1024],
    default: 128,
    help: 'how deep arrays and objects may be nested',
  },
  invalid: { type: 'string', values: ['error', 'discard'], default: 'error', help: 'what a bad message is' },
  schema: schema('checks each message that arrives'),
  outboundSchema: schema('checks each message that is sent'),
} as const satisfies OptionDescriptions
