// The packets of TFTP (RFC 1350, RFC 2347) as messages, and their retransmission, for either side; what a server asks first.
import { CorruptFrameError, definePlugin, type Emit, type Timer } from 'millrace'

type Options = ReadonlyMap<string, string>

/** Names of options are in lower case. A packet that is `last` waits for no answer. */
export type Packet =
  | { readonly op: 'read' | 'write'; readonly name: string; readonly mode: string; readonly options: Options }
  | { readonly op: 'data'; readonly block: number; readonly bytes: Uint8Array }
  | { readonly op: 'ack'; readonly block: number; readonly last?: true }
  | { readonly op: 'error'; readonly code: number; readonly text: string; readonly last?: true }
  | { readonly op: 'options'; readonly options: Options }

const OPS = { read: 1, write: 2, data: 3, ack: 4, error: 5, options: 6 } as const
/** How often a packet is sent, with no answer, before the transfer is given up. */
const TRIES = 5

/** Texts that each end with a zero byte. */
function texts(bytes: Buffer): string[] {
  if (bytes.at(-1) !== 0) throw new CorruptFrameError('a text without its end')
  return bytes.toString('latin1', 0, bytes.length - 1).split('\0')
}

function optionsOf(words: readonly string[]): Map<string, string> {
  if (words.length % 2 !== 0) throw new CorruptFrameError('an option without its value')
  const names = words.filter((_word, i) => i % 2 === 0)
  return new Map(names.map((name, i) => [name.toLowerCase(), words[2 * i + 1] as string]))
}

function decode(bytes: Buffer): Packet {
  if (bytes.length < 4) throw new CorruptFrameError('a packet of less than four bytes')
  const op = bytes.readUInt16BE(0)
  const number = bytes.readUInt16BE(2)
  switch (op) {
    case OPS.read:
    case OPS.write: {
      const [name = '', mode = '', ...words] = texts(bytes.subarray(2))
      return { op: op === OPS.read ? 'read' : 'write', name, mode: mode.toLowerCase(), options: optionsOf(words) }
    }
    case OPS.data:
      return { op: 'data', block: number, bytes: bytes.subarray(4) }
    case OPS.ack:
      return { op: 'ack', block: number }
    case OPS.error:
      return { op: 'error', code: number, text: bytes.toString('latin1', 4).replace(/\0.*$/s, '') }
    case OPS.options:
      return { op: 'options', options: optionsOf(texts(bytes.subarray(2))) }
    default:
      throw new CorruptFrameError(`a packet of kind ${op}`)
  }
}

function encode(packet: Packet): Buffer {
  const head = (number: number): Buffer => Buffer.of(0, OPS[packet.op], number >> 8, number & 255)
  const words = (...parts: readonly string[]): Buffer => Buffer.from(`${parts.join('\0')}\0`, 'latin1')
  switch (packet.op) {
    case 'data':
      return Buffer.concat([head(packet.block), packet.bytes])
    case 'ack':
      return head(packet.block)
    case 'error':
      return Buffer.concat([head(packet.code), words(packet.text)])
    case 'options':
      return Buffer.concat([head(0).subarray(0, 2), words(...[...packet.options].flat())])
    default:
      return Buffer.concat([head(0).subarray(0, 2), words(packet.name, packet.mode, ...[...packet.options].flat())])
  }
}

/** Datagrams to packets and back. One that is none is dropped and counted, and costs the transfer nothing. */
export const tftp = definePlugin({
  name: 'tftp',
  produces: 'message',
  perDatagram: true,
  accept: ({ datagram }) => (datagram ? undefined : { refuse: 'a stream has no packets' }),
  open: () => ({
    inbound: {
      push: ({ buffer, byteOffset, byteLength }: Uint8Array, emit: Emit<Packet>) =>
        emit(decode(Buffer.from(buffer, byteOffset, byteLength))),
    },
    outbound: { push: (packet: Packet, emit: Emit<Uint8Array>) => emit(encode(packet)) },
  }),
})

/**
 * Closes a session whose first datagram is no packet. Nothing else would: it has no idle timeout, and a few of them would
 * take up all the room there is.
 */
export const requested = definePlugin({
  name: 'requested',
  accepts: 'message',
  produces: 'message',
  open({ clock, close }) {
    // What opens a session is that datagram, in this very turn.
    const timer = clock.schedule(close, 0)
    return {
      inbound: {
        push(packet: Packet, emit: Emit<Packet>) {
          timer.cancel()
          emit(packet)
        },
      },
    }
  },
})

/**
 * Sends the last packet again until the next one is sent, which is what an answer leads to, and gives up in the end. A
 * packet that is `last` is sent again to a peer that sends something again, not having seen it; the connection closes a
 * while after it.
 */
export const retransmit = definePlugin({
  name: 'retransmit',
  accepts: 'message',
  produces: 'message',
  options: {
    timeout: { type: 'integer', unit: 'ms', range: [1, 255_000], default: 1000, help: 'until it is sent again' },
  },
  open({ clock, emitOutbound, fail, close }, { timeout }) {
    let timer: Timer | undefined
    let last: Packet | undefined
    const watch = (packet: Packet, tries: number): void => {
      timer = clock.schedule(() => {
        if (tries === TRIES) return fail(new Error(`no answer to ${TRIES} packets`))
        emitOutbound(packet)
        watch(packet, tries + 1)
      }, timeout)
    }
    return {
      inbound: { push: (packet: Packet, emit: Emit<Packet>) => (last ? emitOutbound(last) : emit(packet)) },
      outbound: {
        push(packet: Packet, emit: Emit<Packet>) {
          timer?.cancel()
          emit(packet)
          last = 'last' in packet ? packet : undefined
          if (last === undefined) watch(packet, 1)
          else timer = clock.schedule(close, last.op === 'error' ? 0 : 2 * timeout)
        },
      },
    }
  },
})
