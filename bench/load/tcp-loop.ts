import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Load } from '../workloads/workload.ts'
import { type ClosedLoop, type Outcome, STALL } from './closed-loop.ts'
import { letters } from './payload.ts'

/** Read into one buffer for all connections: the generator only counts, and must not be what limits the server. */
const READ_BUFFER: Buffer = Buffer.allocUnsafe(256 * 1024)

/** One connection that counts bytes: as many messages as have come back whole go out anew, in one write. */
class Flow {
  messages = 0
  inFlight = 0
  running = false
  onIdle: (() => void) | undefined
  readonly #socket: Socket
  readonly #size: number
  readonly #window: Buffer
  #partial = 0

  constructor(port: number, load: Load, window: Buffer, onEnd: (error: Error) => void) {
    this.#size = load.size
    this.#window = window
    const callback = (bytes: number): boolean => this.#onBytes(bytes)
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: READ_BUFFER, callback } })
    this.#socket.on('error', onEnd).on('end', () => onEnd(new Error('the server ended a connection')))
  }

  connected(): Promise<void> {
    return new Promise((resolve) => this.#socket.once('connect', resolve))
  }

  fill(): void {
    this.#send(this.#window.byteLength / this.#size)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #send(messages: number): void {
    this.inFlight += messages
    this.#socket.write(this.#window.subarray(0, messages * this.#size))
  }

  #onBytes(bytes: number): boolean {
    const received = this.#partial + bytes
    const messages = Math.floor(received / this.#size)
    this.#partial = received - messages * this.#size
    if (messages === 0) return true
    this.messages += messages
    this.inFlight -= messages
    if (this.running) this.#send(messages)
    else if (this.inFlight === 0) this.onIdle?.()
    return true
  }
}

/** Opens the connections of a {@link Load}. */
export async function openTcpLoop(port: number, load: Load): Promise<ClosedLoop> {
  const failed = new AbortController()
  const window = letters(load.size * load.window)
  const onEnd = (error: Error): void => failed.abort(error)
  const flows = Array.from({ length: load.connections }, () => new Flow(port, load, window, onEnd))
  await Promise.all(flows.map((flow) => flow.connected()))
  return {
    run: (duration) => run(flows, duration, failed.signal),
    close() {
      for (const flow of flows) flow.destroy()
    },
  }
}

async function run(flows: readonly Flow[], duration: number, failed: AbortSignal): Promise<Outcome> {
  for (const flow of flows) {
    flow.messages = 0
    flow.running = true
    flow.fill()
  }
  await untilFailed(delay(duration), failed)
  const idle = Promise.all(flows.map((flow) => untilIdle(flow)))
  const stalled = delay(STALL, undefined, { ref: false }).then(() => Promise.reject(new Error('nothing came back')))
  await untilFailed(Promise.race([idle, stalled]), failed)
  return { messages: flows.reduce((sum, flow) => sum + flow.messages, 0), lost: 0 }
}

function untilIdle(flow: Flow): Promise<void> {
  flow.running = false
  return new Promise((resolve) => {
    if (flow.inFlight === 0) resolve()
    else flow.onIdle = resolve
  })
}

/** The promise, unless the signal aborts first: then a rejection with its reason. */
async function untilFailed<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort)
  }
}
