// MQTT 3.1.1's packets on mqtt-packet: a codec, and the watch that its keep-alive asks for.
import { generate, type Packet, parser as createParser } from 'mqtt-packet'
import { CorruptFrameError, definePlugin, type Emit, FrameTooLongError, UnexpectedEndError } from 'millrace'

export type { IPublishPacket as Publish, Packet } from 'mqtt-packet'

const LONGEST_HEAD = 5

/** Of a packet whose beginning this is (3.1.1, 2.2.3). @returns undefined where the head is not whole. */
function totalLength(bytes: Uint8Array, maxLength: number, offset: number): number | undefined {
  let body = 0
  for (let i = 1; i < bytes.length; i++) {
    if (i === LONGEST_HEAD) throw new CorruptFrameError('a length of more than four bytes', { offset: offset + i })
    const byte = bytes[i] as number
    body += (byte & 0x7f) * 128 ** (i - 1)
    if (byte > 0x7f) continue
    if (body > maxLength) throw new FrameTooLongError(maxLength, body, { offset })
    return 1 + i + body
  }
  return undefined
}

/** The library waits for up to 256 MiB, and is in disorder after a bad packet: each one has a parser, and is whole. */
function decode(whole: Buffer, offset: number): Packet {
  const packets: Packet[] = []
  const parser = createParser()
  parser.on('packet', (packet) => packets.push(packet)).on('error', () => packets.splice(0))
  try {
    const left = parser.parse(whole)
    const [packet] = packets
    if (packet !== undefined && left === 0) return packet
  } catch {
    // It reads past the end of what it is given.
  }
  throw new CorruptFrameError('a malformed packet', { offset })
}

/**
 * Bytes to packets and back.
 *
 * - **Largest frame**: `maxLength` behind the head, 65,536 bytes by default; it keeps at most that and the head.
 * - **End of the stream** in a packet: {@link UnexpectedEndError}. **Datagrams**: no packet spans two.
 * - **Errors** end the stream: a packet that is too long ({@link FrameTooLongError}) or malformed.
 */
export const mqtt = definePlugin({
  name: 'mqtt',
  produces: 'message',
  options: {
    maxLength: { type: 'integer', unit: 'bytes', range: [2, 268_435_455], default: 65_536, help: 'behind a head' },
  },
  primary: 'maxLength',
  open(_context, { maxLength }) {
    let held = Buffer.alloc(64)
    let length = 0
    let total: number | undefined
    /** Of the packet that is held, in the stream. */
    let offset = 0
    const hold = (part: Uint8Array): void => {
      const needed = length + part.length
      if (needed > held.length) held = Buffer.concat([held.subarray(0, length)], 2 * needed)
      held.set(part, length)
      length += part.length
    }
    function push(chunk: Uint8Array, emit: Emit<Packet>): void {
      for (let at = 0; at < chunk.length; ) {
        const end = Math.min(chunk.length, at + (total ?? length + 1) - length)
        hold(chunk.subarray(at, end))
        at = end
        total ??= totalLength(held.subarray(0, length), maxLength, offset)
        if (length !== total) continue
        // What the library keeps of it is its own, and is not written over.
        const packet = decode(Buffer.from(held.subarray(0, total)), offset)
        offset += total
        begin()
        emit(packet)
      }
    }
    function begin(): void {
      held = Buffer.alloc(64)
      length = 0
      total = undefined
    }
    function reset(): void {
      begin()
      offset = 0
    }
    function end(): void {
      const error = length > 0 ? new UnexpectedEndError(length, { offset }) : undefined
      reset()
      if (error) throw error
    }
    return {
      inbound: { push, end, endOfDatagram: end, reset },
      outbound: { push: (packet: Packet, emit: Emit<Uint8Array>) => emit(generate(packet)) },
    }
  },
})

/** How long a client may take to say who it is, in ms. */
const CONNECT_TIMEOUT = 10_000

/** Ends a connection whose client says nothing for one and a half times as long as it promised to (3.1.1, 3.1.2.10). */
export const keepAlive = definePlugin({
  name: 'keep-alive',
  accepts: 'message',
  produces: 'message',
  open({ clock, fail }) {
    let limit = CONNECT_TIMEOUT
    let last = clock.now()
    // One timer that looks again when it may be time, not one for each packet.
    const look = (): void => {
      const left = last + limit - clock.now()
      if (limit === 0) return
      if (left <= 0) fail(new Error(`nothing came for ${limit} ms`))
      else clock.schedule(look, left)
    }
    clock.schedule(look, limit)
    return {
      inbound: {
        push(packet: Packet, emit: Emit<Packet>) {
          last = clock.now()
          if (packet.cmd === 'connect') {
            limit = (packet.keepalive ?? 0) * 1500
            look()
          }
          emit(packet)
        },
      },
    }
  },
})
