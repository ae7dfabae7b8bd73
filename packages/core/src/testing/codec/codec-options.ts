import type { ConfiguredPlugin } from '../../container/configured-plugin.ts'
import type { TestRunner } from '../conformance/describe-connection.ts'

/** A fast-check arbitrary, as far as its type matters here. */
export interface Generates<T> {
  generate(random: never, biasFactor: never): { readonly value: T }
}

/** fast-check itself: what `import fc from 'fast-check'` gives. */
export interface FastCheck {
  readonly assert: (property: never, parameters?: never) => unknown
  readonly property: (...args: never[]) => unknown
}

/** A codec as it is made for a test: a call of its factory, whatever kinds it has. */
export type MadeCodec<Message> = ConfiguredPlugin<never, unknown, Message, unknown>

/** Options of {@link describeCodec}: the test runner, fast-check, and what the codec is about. */
export interface CodecOptions<Message> extends TestRunner {
  /** fast-check 4: `import fc from 'fast-check'`. */
  readonly fc: FastCheck
  /** What can be written to the codec and must come out as it went in. */
  readonly frames: Generates<Message>
  /** What the peer may not send: each of these alone, with nothing after it, must end in a `FrameError`. */
  readonly invalid?: readonly Uint8Array[]
  /**
   * In bytes: the most that it may keep of what it was pushed, its bookkeeping not counted. For a codec of bytes with a
   * limit of its own, that limit and what stands around a frame. Required unless the codec takes whole frames.
   */
  readonly maxHeld?: number
  /**
   * For the check of the work it does: the codec with room for frames of 16 KiB, and a message that makes a frame of
   * about so many bytes. Default: the codec as it is made elsewhere, and many of its `frames`.
   */
  readonly long?: { readonly make: () => MadeCodec<Message>; readonly message: (bytes: number) => Message }
  /**
   * What of the items is compared, where their boundaries carry no meaning (a stream of text, say): for example all of
   * them joined. Default: the items.
   */
  readonly joins?: (items: readonly unknown[]) => unknown
  /** Runs in all, spread over the properties. Default 20,000. */
  readonly runs?: number
  /** The same seed makes the same runs. Default 1. */
  readonly seed?: number
}
