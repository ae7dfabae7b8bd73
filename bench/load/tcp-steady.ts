import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Load } from '../workloads/workload.ts'
import { type ClosedLoop, OPENING, type Outcome, untilDone } from './closed-loop.ts'
import { connected, type DialOptions } from './dial.ts'
import { exchangeOf } from './payload.ts'
import { openMany, openSocket } from './tcp-socket.ts'

/** One connection that counts bytes: as many messages as have come back whole go out anew, in one write. */
class Flow {
  messages = 0
  inFlight = 0
  running = false
  onIdle: (() => void) | undefined
  readonly connected: Promise<void>
  readonly #socket: Socket
  readonly #window: Buffer
  readonly #count: number
  readonly #replySize: number
  #partial = 0

  constructor(port: number, window: Window, onEnd: (error: Error) => void, options: DialOptions) {
    this.#window = window.sent
    this.#count = window.count
    this.#replySize = window.replySize
    this.#socket = openSocket(port, { onBytes: (bytes) => this.#onBytes(bytes), onEnd }, options)
    this.connected = connected(this.#socket)
  }

  fill(): void {
    this.#send(this.#count)
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(messages: number): void {
    this.inFlight += messages
    this.#socket.write(this.#window.subarray(0, (messages * this.#window.byteLength) / this.#count))
  }

  #onBytes(bytes: number): void {
    const received = this.#partial + bytes
    const messages = Math.floor(received / this.#replySize)
    this.#partial = received - messages * this.#replySize
    if (messages === 0) return
    this.messages += messages
    this.inFlight -= messages
    if (this.running) this.#send(messages)
    else if (this.inFlight === 0) this.onIdle?.()
  }
}

/** The bytes of one full window. */
interface Window {
  readonly sent: Buffer
  readonly count: number
  readonly replySize: number
}

/** Opens the connections of a steady {@link Load}; each keeps its own window full. */
export async function openTcpSteady(port: number, load: Load): Promise<ClosedLoop> {
  const failed = new AbortController()
  const { sent, expected } = exchangeOf(load, load.window)
  const window = { sent, count: load.window, replySize: expected.byteLength / load.window }
  const onEnd = (error: Error): void => failed.abort(error)
  const tls = load.tls !== undefined
  const open = (localAddress: string | undefined): Flow => new Flow(port, window, onEnd, { tls, localAddress })
  const opening = openMany(load.connections, open)
  const flows = await untilDone(opening, failed.signal, OPENING)
  return {
    run: (duration) => run(flows, duration, failed.signal),
    close() {
      for (const flow of flows) flow.close()
    },
  }
}

async function run(flows: readonly Flow[], duration: number, failed: AbortSignal): Promise<Outcome> {
  for (const flow of flows) {
    flow.messages = 0
    flow.running = true
    flow.fill()
  }
  if (duration > 0) await untilDone(delay(duration), failed, duration)
  await untilDone(Promise.all(flows.map((flow) => untilIdle(flow))), failed)
  return { messages: flows.reduce((sum, flow) => sum + flow.messages, 0), lost: 0 }
}

function untilIdle(flow: Flow): Promise<void> {
  flow.running = false
  return new Promise((resolve) => {
    if (flow.inFlight === 0) resolve()
    else flow.onIdle = resolve
  })
}
