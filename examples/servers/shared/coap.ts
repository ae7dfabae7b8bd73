// CoAP's messages (RFC 7252) on coap-packet, and what makes them reliable: two plugins.
import { randomInt } from 'node:crypto'
import { generate, type Packet, parse, type ParsedPacket } from 'coap-packet'
import { CorruptFrameError, definePlugin, type Emit, type Timer, udpSessionOf } from 'millrace'

export type { Packet, ParsedPacket } from 'coap-packet'

const MAX_TOKEN = 8
const MAX_MESSAGE = 65_507

const write = (packet: Packet): Buffer => generate(packet, MAX_MESSAGE)
const reset = (messageId: number): Packet => ({ code: '0.00', reset: true, messageId })

/** The library takes an option that is cut off, and more; what it would not write itself as it came is malformed. */
function read(bytes: Buffer): ParsedPacket | undefined {
  try {
    const packet = parse(bytes)
    return packet.token.length <= MAX_TOKEN && write({ ...packet }).equals(bytes) ? packet : undefined
  } catch {
    return undefined
  }
}

/** Datagrams to messages and back. What is malformed is dropped and counted, and rejected if confirmable (4.2). */
export const coap = definePlugin({
  name: 'coap',
  produces: 'message',
  perDatagram: true,
  accept: ({ datagram }) => (datagram ? undefined : { refuse: 'over streams the messages are others (RFC 8323)' }),
  open: ({ emitOutbound }) => ({
    inbound: {
      push(datagram: Uint8Array, emit: Emit<ParsedPacket>) {
        // A copy: tokens are kept, and would keep alive all that was read together with them.
        const bytes = Buffer.from(Uint8Array.from(datagram).buffer)
        const packet = read(bytes)
        if (packet) return emit(packet)
        const isConfirmable = bytes.length >= 4 && (bytes.readUInt8(0) & 0xf0) === 0x40
        if (isConfirmable) emitOutbound(write(reset(bytes.readUInt16BE(2))))
        throw new CorruptFrameError('a malformed message')
      },
    },
    outbound: { push: (packet: Packet, emit: Emit<Uint8Array>) => emit(write(packet)) },
  }),
})

/** A request; or that a confirmable message with this token was rejected, or not acknowledged in time. */
export type Incoming = { readonly request: ParsedPacket } | { readonly lost: Buffer }

/** RFC 7252, 4.8: the time to the first repetition in ms, what it may be stretched by, and how many there are. */
const ACK_TIMEOUT = 2000
const ACK_RANDOM_FACTOR = 1.5
const MAX_RETRANSMIT = 4
/** How long a message id stands for one message, in ms. */
const EXCHANGE_LIFETIME = 247_000
/** Message ids of one peer that are remembered, the latest. */
const MAX_SEEN = 64
/** Confirmable messages to one peer that wait for their acknowledgement; the oldest is given up for one more. */
const MAX_WAITING = 16

interface Waiting {
  readonly token: Buffer
  timer: Timer
  /** What is to follow it. */
  next?: Packet
}

/**
 * The message layer (RFC 7252, 4). A request that comes twice is handed on once, and has the same answer again. What is
 * sent as `confirmable` gets a message id, and is sent again until it is acknowledged; until then the latest with the same
 * token waits (RFC 7641, 4.5.1), so that a peer that is silent costs little however often something changes.
 */
export const reliable = definePlugin({
  name: 'reliable',
  accepts: 'message',
  produces: 'message',
  open({ connection, clock, emitInbound, emitOutbound }) {
    const seen = new Map<number, { readonly until: number; answer?: Packet }>()
    const waiting = new Map<number, Waiting>()
    // Random, so that an acknowledgement tells that the peer is where its datagrams claim to come from.
    const nextId = (): number => {
      const id = randomInt(65_536)
      return waiting.has(id) ? nextId() : id
    }

    function settle(id: number | undefined, isLost: boolean): void {
      const entry = id === undefined ? undefined : waiting.get(id)
      if (entry === undefined) return
      entry.timer.cancel()
      waiting.delete(id as number)
      if (isLost) emitInbound({ lost: entry.token } satisfies Incoming)
      else if (entry.next) emitOutbound(confirm(entry.next, entry.token))
    }

    /** @returns it with its id, under which it waits for an acknowledgement. */
    function confirm(packet: Packet, token: Buffer): Packet {
      if (waiting.size >= MAX_WAITING) settle(waiting.keys().next().value, true)
      const whole = { ...packet, messageId: nextId() }
      const delay = ACK_TIMEOUT * (1 + Math.random() * (ACK_RANDOM_FACTOR - 1))
      waiting.set(whole.messageId, { token, timer: repeat(whole, whole.messageId, delay, MAX_RETRANSMIT) })
      return whole
    }

    function repeat(packet: Packet, id: number, delay: number, left: number): Timer {
      return clock.schedule(() => {
        const entry = waiting.get(id)
        if (entry === undefined) return
        if (left === 0) return settle(id, true)
        emitOutbound(packet)
        entry.timer = repeat(packet, id, 2 * delay, left - 1)
      }, delay)
    }

    function remember(id: number): void {
      const now = clock.now()
      for (const [old, { until }] of seen) if (until <= now || seen.size >= MAX_SEEN) seen.delete(old)
      seen.set(id, { until: now + EXCHANGE_LIFETIME })
    }

    function push(packet: ParsedPacket, emit: Emit<Incoming>): void {
      const { messageId: id, ack, reset: isReset, confirmable, code } = packet
      if (ack || isReset) {
        if (waiting.has(id)) udpSessionOf(connection)?.prove()
        return settle(id, isReset)
      }
      // An empty one is a ping; an answer was never asked for.
      if (!code.startsWith('0.') || code === '0.00') return confirmable ? emitOutbound(reset(id)) : undefined
      const known = seen.get(id)
      if (known && known.until > clock.now()) return known.answer ? emitOutbound(known.answer) : undefined
      remember(id)
      emit({ request: packet })
    }

    function send(packet: Packet, emit: Emit<Packet>): void {
      if (packet.confirmable) {
        const token = packet.token ?? Buffer.alloc(0)
        const before = [...waiting.values()].find((entry) => entry.token.equals(token))
        if (before) before.next = packet
        else emit(confirm(packet, token))
        return
      }
      const whole = { ...packet, messageId: packet.messageId ?? nextId() }
      const entry = packet.ack ? seen.get(whole.messageId) : undefined
      if (entry) entry.answer = whole
      emit(whole)
    }

    return { inbound: { push }, outbound: { push: send } }
  },
})
