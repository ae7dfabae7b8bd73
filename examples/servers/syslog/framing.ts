import { Buffer } from 'node:buffer'
import {
  asFrame,
  ByteAccumulator,
  CorruptFrameError,
  definePlugin,
  type Emit,
  type Frame,
  FrameTooLongError,
  type Stage,
} from 'millrace'
import { StreamDecoder } from './stream-decoder.ts'

/** A datagram is one message, line feeds and all. */
class DatagramDecoder implements Stage<Uint8Array, Frame> {
  readonly borrows = true
  readonly #maxLength: number
  readonly #held: ByteAccumulator

  constructor(maxLength: number) {
    this.#maxLength = maxLength
    this.#held = new ByteAccumulator(maxLength)
  }

  push(part: Uint8Array): void {
    if (this.#held.length + part.length > this.#maxLength) {
      throw new FrameTooLongError(this.#maxLength, this.#maxLength + 1, { offset: 0 })
    }
    this.#held.append(part, 0, part.length)
  }

  endOfDatagram(emit: Emit<Frame>): void {
    if (this.#held.length > 0) emit(asFrame(this.#held.take()))
  }

  reset(): void {
    this.#held.clear()
  }
}

/**
 * How syslog messages are told apart: over TCP by a length before each (`5 hello`) or a line feed behind it, whichever
 * its first byte tells; over UDP a datagram is a message. What is sent over TCP has its length before it. Over TLS it
 * must have (`counted`): RFC 5425 knows no lines.
 *
 * - **Largest frame**: `maxLength`, 8 KiB by default; it keeps no more.
 * - **End of the stream**: ends a line; in a message with a length it is an `UnexpectedEndError`.
 * - **Datagrams**: one message, which may hold line feeds. An empty one is none.
 * - **Errors** end a stream, and cost a datagram: `FrameTooLongError`; `CorruptFrameError` for a length that is none, and
 *   with `counted` for a line.
 * - **Sending**: an empty message is a `CorruptFrameError`, one that is too long a `FrameTooLongError`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6587#section-3.4, https://www.rfc-editor.org/rfc/rfc5425#section-4.3 and
 * https://www.rfc-editor.org/rfc/rfc5426#section-3.1
 */
export const syslogFraming = definePlugin({
  name: 'syslog-framing',
  help: 'syslog messages, counted or in lines over TCP, a datagram each over UDP',
  options: {
    maxLength: { type: 'integer', unit: 'bytes', range: [1, 65_536], default: 8192, help: 'the longest message' },
    counted: { type: 'boolean', default: false, help: 'over TCP, take no lines, but lengths alone' },
  },
  primary: 'maxLength',
  produces: 'frame',
  perDatagram: true,
  open: ({ connection: { datagram } }, { maxLength, counted }) => ({
    inbound: datagram ? new DatagramDecoder(maxLength) : new StreamDecoder(maxLength, counted),
    outbound: {
      push(message: Uint8Array, emit: Emit<Uint8Array>): void {
        if (message.length > maxLength) throw new FrameTooLongError(maxLength, message.length)
        if (message.length === 0) throw new CorruptFrameError('a message without a byte')
        emit(datagram ? message : Buffer.concat([Buffer.from(`${message.length} `), message]))
      },
    },
  }),
})
