import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Load } from '../workloads/workload.ts'
import { type ClosedLoop, OPENING, type Outcome, untilDone } from './closed-loop.ts'
import { connected, type DialOptions } from './dial.ts'
import { exchangeOf, mulberry32 } from './payload.ts'
import { openMany, openSocket } from './tcp-socket.ts'

/** One connection, which has a message in flight at most. */
class Member {
  readonly connected: Promise<void>
  readonly #socket: Socket
  readonly #replySize: number
  #received = 0

  constructor(port: number, replySize: number, crowd: Crowd, options: DialOptions) {
    this.#replySize = replySize
    const onBytes = (bytes: number): void => {
      this.#received += bytes
      if (this.#received < this.#replySize) return
      this.#received = 0
      crowd.onReply(this)
    }
    this.#socket = openSocket(port, { onBytes, onEnd: (error) => crowd.failed.abort(error) }, options)
    this.connected = connected(this.#socket)
  }

  close(): void {
    this.#socket.destroy()
  }

  send(message: Buffer): void {
    this.#socket.write(message)
  }
}

/** Passes a few messages around many connections: a reply lets the connection that has waited longest send. */
class Crowd implements ClosedLoop {
  readonly failed: AbortController = new AbortController()
  readonly #message: Buffer
  readonly #window: number
  #members: readonly Member[] = []
  /** A ring: those that wait for their turn, in a shuffled order at first. */
  #waiting: Member[] = []
  #head = 0
  #inFlight = 0
  #messages = 0
  #running = false
  #onIdle: (() => void) | undefined

  constructor(message: Buffer, window: number) {
    this.#message = message
    this.#window = window
  }

  start(members: readonly Member[]): void {
    this.#members = members
    const random = mulberry32(1)
    const keyed = members.map((member) => ({ member, key: random() }))
    this.#waiting = keyed.sort((a, b) => a.key - b.key).map(({ member }) => member)
  }

  onReply(member: Member): void {
    this.#messages++
    this.#inFlight--
    // The place of one that was taken out: there are as many of these as are in flight.
    this.#waiting[(this.#head + this.#waiting.length - this.#inFlight - 1) % this.#waiting.length] = member
    if (this.#running) this.#sendNext()
    else if (this.#inFlight === 0) this.#onIdle?.()
  }

  async run(duration: number): Promise<Outcome> {
    this.#messages = 0
    this.#running = true
    while (this.#inFlight < this.#window) this.#sendNext()
    if (duration > 0) await untilDone(delay(duration), this.failed.signal, duration)
    this.#running = false
    const idle = new Promise<void>((resolve) => {
      if (this.#inFlight === 0) resolve()
      else this.#onIdle = resolve
    })
    await untilDone(idle, this.failed.signal)
    return { messages: this.#messages, lost: 0 }
  }

  close(): void {
    for (const member of this.#members) member.close()
  }

  #sendNext(): void {
    const next = this.#waiting[this.#head] as Member
    this.#head = (this.#head + 1) % this.#waiting.length
    this.#inFlight++
    next.send(this.#message)
  }
}

/** Opens the connections of a crowd; its window is that of all of them together, and no more than there are. */
export async function openTcpCrowd(port: number, load: Load): Promise<ClosedLoop> {
  const { sent, expected } = exchangeOf(load, 1)
  const crowd = new Crowd(sent, Math.min(load.window, load.connections))
  const tls = load.tls !== undefined
  const open = (localAddress: string | undefined): Member =>
    new Member(port, expected.byteLength, crowd, { tls, localAddress })
  crowd.start(await untilDone(openMany(load.connections, open), crowd.failed.signal, OPENING))
  return crowd
}
