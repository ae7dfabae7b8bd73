import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import type { Load } from '../workloads/workload.ts'
import { type ClosedLoop, type Outcome, STALL } from './closed-loop.ts'
import { exchangeOf } from './payload.ts'

/**
 * Where nothing has come back for this long, in milliseconds, what is in flight is lost. Loopback takes microseconds,
 * but on a busy machine a process may not run for a quarter of a second.
 */
const LOST_AFTER = 1_000
/** How often that is looked at, in milliseconds. */
const LOOK = 50
/**
 * And so many looks in a row: where this process itself was held up, what came meanwhile is read between two of them.
 */
const LOOKS = 5

/** One peer of the server: each reply lets one datagram out. */
class Flow {
  messages = 0
  lost = 0
  inFlight = 0
  running = false
  #seen = 0
  #seenAt = 0
  #looks = 0
  readonly #socket: Socket
  readonly #datagram: Buffer

  constructor(socket: Socket, datagram: Buffer) {
    this.#socket = socket
    this.#datagram = datagram
    socket.on('message', (data) => this.#onReply(data))
  }

  begin(): void {
    this.messages = 0
    this.lost = 0
    this.running = true
  }

  fill(window: number): void {
    this.#seenAt = performance.now()
    this.#looks = 0
    while (this.inFlight < window) this.#send()
  }

  /** Gives up what is in flight where nothing has come back for too long. */
  giveUp(now: number): void {
    if (this.messages !== this.#seen) {
      this.#seen = this.messages
      this.#seenAt = now
      this.#looks = 0
    } else if (++this.#looks >= LOOKS && now - this.#seenAt >= LOST_AFTER) {
      this.lost += this.inFlight
      this.inFlight = 0
    }
  }

  #send(): void {
    this.inFlight++
    this.#socket.send(this.#datagram)
  }

  #onReply(data: Buffer): void {
    // One that was given up and comes after all is of no use any more.
    if (this.inFlight === 0 || data.byteLength !== this.#datagram.byteLength) return
    this.inFlight--
    this.messages++
    if (this.running) this.#send()
  }
}

/** A socket that talks to one server alone. */
export async function connectSocket(port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  // A refused datagram counts as lost, like any other that does not come back.
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve))
  return socket
}

/** Opens the sockets of a steady {@link Load}. */
export async function openUdpSteady(port: number, load: Load): Promise<ClosedLoop> {
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => connectSocket(port)))
  const flows = sockets.map((socket) => new Flow(socket, exchangeOf(load, 1).sent))
  return {
    run: (duration) => run(flows, load.window, duration),
    close() {
      for (const socket of sockets) socket.close()
    },
  }
}

async function run(flows: readonly Flow[], window: number, duration: number): Promise<Outcome> {
  for (const flow of flows) flow.begin()
  const end = performance.now() + duration
  for (let now = performance.now(); now < end; now = performance.now()) {
    for (const flow of flows) {
      flow.giveUp(now)
      if (flow.inFlight === 0) flow.fill(window)
    }
    await delay(Math.min(LOOK, end - now))
  }
  for (const flow of flows) flow.running = false
  while (flows.some((flow) => flow.inFlight > 0) && performance.now() < end + STALL) {
    await delay(1)
    for (const flow of flows) flow.giveUp(performance.now())
  }
  const sum = (of: (flow: Flow) => number): number => flows.reduce((total, flow) => total + of(flow), 0)
  return { messages: sum((flow) => flow.messages), lost: sum((flow) => flow.lost) }
}
