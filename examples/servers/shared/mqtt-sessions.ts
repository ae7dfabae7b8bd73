// The sessions of an MQTT broker: who has subscribed to what, what waits for whom, and what is retained.
import { randomUUID } from 'node:crypto'
import type { MessageConnection } from 'millrace'
import type { Packet, Publish } from './mqtt.ts'
import { isFilter, matches } from './mqtt-topics.ts'

/** Sessions kept at a time; of those whose client is away the oldest is forgotten for one more. */
export const MAX_SESSIONS = 1000
const MAX_SUBSCRIPTIONS = 100
const MAX_RETAINED = 10_000
/** Messages of QoS 1 that one session has not acknowledged. What is more is lost to it, as any of QoS 0 may be. */
const MAX_WAITING = 100
/** In bytes of payload, of one session and of all that is retained: as many messages may be as long as packets may. */
const MAX_WAITING_BYTES = 128 * 1024
const MAX_RETAINED_BYTES = 64 * 1024 * 1024
/** SUBACK: not granted. */
export const FAILURE = 0x80

export type Client = MessageConnection<Packet, Packet>
export type Connect = Extract<Packet, { cmd: 'connect' }>
export type Message = Pick<Publish, 'topic' | 'payload' | 'retain'> & { readonly qos: number }

/** What is kept of a client, also while it is away where it asked for that. */
export interface Session {
  readonly id: string
  readonly clean: boolean
  client: Client | undefined
  /** It does not take what is sent as fast as that comes. */
  isBehind: boolean
  /** QoS by filter. */
  readonly subscriptions: Map<string, number>
  /** By their ids, in the order in which they are to be sent. */
  readonly waiting: Map<number, Publish>
  /** Of their payloads. */
  waitingBytes: number
  lastId: number
}

const NOTHING = { client: undefined, isBehind: false, waitingBytes: 0, lastId: 0 } as const
const freshSession = (id: string, clean: boolean): Session =>
  ({ ...NOTHING, id, clean, subscriptions: new Map(), waiting: new Map() })

/** Goes over all sessions for each message: a tree of filters is what a larger broker has. */
export class Broker {
  readonly #sessions = new Map<string, Session>()
  readonly #retained = new Map<string, Message>()
  #retainedBytes = 0

  publish(message: Message): void {
    const { topic, retain } = message
    if (retain) this.#retain(topic, message)
    for (const session of this.#sessions.values()) {
      const granted = [...session.subscriptions].filter(([filter]) => matches(filter, topic)).map(([, qos]) => qos)
      if (granted.length > 0) this.#deliver(session, { ...message, retain: false }, Math.max(...granted))
    }
  }

  /** Takes a client on, in the place of another with its name. @returns its session, and whether it had one before. */
  connect(client: Client, { clientId, clean = true }: Connect): readonly [Session, boolean] {
    const id = clientId || randomUUID()
    const known = this.#sessions.get(id)
    known?.client?.abort(new Error('another client has taken its name'))
    const isKnown = known !== undefined && !clean && !known.clean
    const session = isKnown ? known : freshSession(id, clean)
    Object.assign(session, { client, isBehind: false })
    this.#sessions.delete(id)
    const away = [...this.#sessions.values()].find((other) => other.client === undefined)
    if (this.#sessions.size >= MAX_SESSIONS && away) this.#sessions.delete(away.id)
    this.#sessions.set(id, session)
    return [session, isKnown]
  }

  disconnect(session: Session, client: Client): void {
    if (session.client !== client) return
    session.client = undefined
    if (session.clean) this.#sessions.delete(session.id)
  }

  /** @returns what is granted. */
  subscribe(session: Session, filter: string, qos: number): number {
    const { subscriptions } = session
    const hasRoom = subscriptions.has(filter) || subscriptions.size < MAX_SUBSCRIPTIONS
    if (!isFilter(filter) || !hasRoom) return FAILURE
    const granted = Math.min(qos, 1)
    subscriptions.set(filter, granted)
    return granted
  }

  sendRetained(session: Session, filter: string, qos: number): void {
    for (const [topic, message] of this.#retained) if (matches(filter, topic)) this.#deliver(session, message, qos)
  }

  /** What is empty, or has no room, only takes the place of what there was. */
  #retain(topic: string, message: Message): void {
    this.#retainedBytes -= this.#retained.get(topic)?.payload.length ?? 0
    this.#retained.delete(topic)
    const bytes = this.#retainedBytes + message.payload.length
    if (message.payload.length === 0 || bytes > MAX_RETAINED_BYTES || this.#retained.size >= MAX_RETAINED) return
    this.#retained.set(topic, message)
    this.#retainedBytes = bytes
  }

  #deliver(session: Session, { topic, payload, retain, qos }: Message, granted: number): void {
    const packet: Publish = { cmd: 'publish', topic, payload, retain, qos: 0, dup: false }
    if (Math.min(qos, granted) === 0) {
      if (!session.isBehind) send(session, packet)
    } else if (session.waiting.size < MAX_WAITING && session.waitingBytes + payload.length <= MAX_WAITING_BYTES) {
      do session.lastId = (session.lastId % 65_535) + 1
      while (session.waiting.has(session.lastId))
      const kept: Publish = { ...packet, qos: 1, messageId: session.lastId }
      session.waiting.set(session.lastId, kept)
      session.waitingBytes += payload.length
      send(session, kept)
    }
  }
}

/** A message of QoS 1 has arrived. */
export function acknowledge(session: Session, id: number): void {
  session.waitingBytes -= session.waiting.get(id)?.payload.length ?? 0
  session.waiting.delete(id)
}

/** What a client does not take as fast as it comes it has not; QoS 1 is sent again when it comes back. */
export function send(session: Session, packet: Packet): void {
  const { client } = session
  if (client === undefined || client.write(packet)) return
  session.isBehind = true
  client.drain().then(() => (session.isBehind = false), () => {})
}
