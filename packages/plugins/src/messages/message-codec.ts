import { type Emit, type Frame, FrameError, type Stage } from '@millrace/core'
import { type Schema, validate } from './schema.ts'

/** How one message is written. */
export interface MessageFormat {
  /**
   * Reads the message of a whole frame, which it does not change.
   *
   * @param offset - of the frame, for errors.
   * @throws FrameError
   */
  readonly decode: (frame: Uint8Array, offset: number) => unknown
  /** Writes a message into bytes of its own. @throws FrameError where it cannot */
  readonly encode: (message: unknown) => Uint8Array
}

/** What a codec of messages goes by. */
export interface MessageRules {
  /** Of the plugin, for errors. */
  readonly name: string
  readonly schema?: Schema | undefined
  readonly outboundSchema?: Schema | undefined
  /** Told of each message that is bad and left out. Where it is not given, such a message is an error. */
  readonly onDiscard?: ((error: FrameError) => void) | undefined
}

/** Reads a message, and has it checked. @throws FrameError */
export function readMessage(format: MessageFormat, rules: MessageRules, frame: Uint8Array, offset: number): unknown {
  const message = format.decode(frame, offset)
  return rules.schema ? validate(rules.schema, message, `${rules.name}.schema`, offset) : message
}

/** Has a message checked, and writes it. @throws FrameError */
export function writeMessage(format: MessageFormat, rules: MessageRules, message: unknown): Uint8Array {
  const { outboundSchema, name } = rules
  if (outboundSchema === undefined) return format.encode(message)
  return format.encode(validate(outboundSchema, message, `${name}.outboundSchema`, undefined))
}

/** Frames to messages, each by itself. */
export class MessageDecoder implements Stage<Frame, unknown> {
  readonly borrows = true
  readonly #format: MessageFormat
  readonly #rules: MessageRules
  /** Bytes of the frames of this stream, or datagram, so far. */
  #before = 0

  constructor(format: MessageFormat, rules: MessageRules) {
    this.#format = format
    this.#rules = rules
  }

  push(frame: Frame, emit: Emit<unknown>): void {
    const offset = this.#before
    this.#before += frame.length
    let message: unknown
    try {
      message = readMessage(this.#format, this.#rules, frame, offset)
    } catch (error) {
      if (!(error instanceof FrameError) || this.#rules.onDiscard === undefined) throw error
      return this.#rules.onDiscard(error)
    }
    emit(message)
  }

  endOfDatagram(): void {
    this.#before = 0
  }

  reset(): void {
    this.#before = 0
  }
}

/** Messages to bytes, each to one item. */
export class MessageEncoder implements Stage<unknown, Uint8Array> {
  readonly borrows = true
  readonly #format: MessageFormat
  readonly #rules: MessageRules

  constructor(format: MessageFormat, rules: MessageRules) {
    this.#format = format
    this.#rules = rules
  }

  push(message: unknown, emit: Emit<Uint8Array>): void {
    emit(writeMessage(this.#format, this.#rules, message))
  }
}
