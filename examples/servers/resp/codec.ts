import { Buffer } from 'node:buffer'
import { CorruptFrameError, definePlugin, type Emit } from 'millrace'
import { Decoder } from './decoder.ts'
import { type Reply, RespError } from './messages.ts'

/**
 * RESP 2, what Redis speaks: bytes to commands, replies to bytes.
 *
 * - **Largest frame**: a command of `maxLength` bytes in `maxArguments` arguments, 1 MiB in 1,024 by default; a command
 *   in a line is at most 64 KiB long. It keeps no more than that, and makes room for what has come, whatever is said.
 * - **End of the stream** in a command: `UnexpectedEndError`.
 * - **Datagrams**: as many commands as there are; none spans two.
 * - **Errors** end a stream: `FrameTooLongError`, and `CorruptFrameError` for a length that is no number, a string with
 *   no CR LF behind it, or an array of anything but strings.
 * - **Sending**: a status or an error of more than one line is a `CorruptFrameError`.
 *
 * @see https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export const resp = definePlugin({
  name: 'resp',
  help: 'the protocol of Redis: commands in, replies out',
  options: {
    maxLength: {
      type: 'integer',
      unit: 'bytes',
      range: [1, 16_777_216],
      default: 1_048_576,
      help: 'the longest command, its arguments added up',
    },
    maxArguments: { type: 'integer', range: [1, 65_536], default: 1024, help: 'of a command, its name among them' },
  },
  primary: 'maxLength',
  produces: 'message',
  perDatagram: true,
  open: (_context, limits) => ({
    inbound: new Decoder(limits),
    outbound: { push: (reply: Reply, emit: Emit<Uint8Array>) => emit(encode(reply)) },
  }),
})

const isArray = (reply: Reply): reply is readonly Reply[] => Array.isArray(reply)

function encode(reply: Reply): Uint8Array {
  return reply instanceof Uint8Array || isArray(reply) ? Buffer.concat(partsOf(reply)) : Buffer.from(lineOf(reply))
}

function partsOf(reply: Reply): Uint8Array[] {
  if (reply instanceof Uint8Array) return [Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')]
  if (isArray(reply)) return [Buffer.from(`*${reply.length}\r\n`), ...reply.flatMap(partsOf)]
  return [Buffer.from(lineOf(reply))]
}

function lineOf(reply: string | number | null | RespError): string {
  if (reply === null) return '$-1\r\n'
  if (typeof reply === 'number') return `:${reply}\r\n`
  const line = reply instanceof RespError ? `-${reply.message}` : `+${reply}`
  if (/[\r\n]/.test(line)) throw new CorruptFrameError('a status of more than one line')
  return `${line}\r\n`
}
