import type { CloseInfo, Connection } from '../connection/connection.ts'
import { ConnectionResetError } from '../errors/connection-errors.ts'
import type { ServerEvent } from '../server/events.ts'
import { EmbeddedEngine, type EmbeddedInit } from './embedded-engine.ts'
import type { LogLine } from './recording-logger.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Turns of the event loop without any news after which an embedded pipeline counts as settled. */
const QUIET_TURNS = 2
/** Turns of the event loop that {@link Embedded.settled} waits at most. */
const MOST_TURNS = 10_000

/**
 * A pipeline at work with nothing around it: see {@link embed}. Everything synchronous has happened when a call
 * returns; after what awaits (an AsyncStage, a handler) await {@link settled}.
 */
export class Embedded<MessageIn, MessageOut, WireIn = Uint8Array, WireOut = Uint8Array> {
  readonly clock: VirtualClock
  /** What was logged, where the container has no `LOGGER`. */
  readonly logs: readonly LogLine[]
  readonly #engine: EmbeddedEngine

  constructor(init: EmbeddedInit) {
    this.clock = init.clock
    this.logs = init.logs
    this.#engine = new EmbeddedEngine(init)
  }

  /** The facts and the state underneath. */
  get connection(): Connection {
    return this.#engine.connection
  }

  /**
   * What has come out to the peer and was not taken by {@link readOutbound}, oldest first. On a stream, small chunks of
   * one turn come joined.
   */
  get outbound(): readonly WireOut[] {
    this.#engine.work()
    return this.#engine.outbound as readonly WireOut[]
  }

  /**
   * What has come out at the handler's end and was not taken by {@link readInbound}. Empty where a handler takes it.
   */
  get inbound(): readonly MessageIn[] {
    this.#engine.work()
    return this.#engine.inbound as readonly MessageIn[]
  }

  /** What a server would report, beginning with `connection-opened`, or `connection-refused`. */
  get events(): readonly ServerEvent[] {
    this.#engine.work()
    return this.#engine.events
  }

  /** How the connection ended; undefined while it has not. */
  get closed(): CloseInfo | undefined {
    this.#engine.work()
    return this.#engine.closed
  }

  /** The one error that the connection ended with, where it failed. */
  get error(): Error | undefined {
    return this.closed?.error
  }

  /** Whether the peer has seen the end of our output. */
  get outboundEnded(): boolean {
    this.#engine.work()
    return this.#engine.driver.outputEnded
  }

  /** Whether input is wanted; false while a plugin holds it. Meanwhile what is written inbound waits. */
  get reading(): boolean {
    this.#engine.work()
    return this.#engine.driver.reading
  }

  /** Takes the oldest of {@link outbound}. */
  readOutbound(): WireOut | undefined {
    this.#engine.work()
    return this.#engine.outbound.shift() as WireOut | undefined
  }

  /** Takes the oldest of {@link inbound}. */
  readInbound(): MessageIn | undefined {
    this.#engine.work()
    return this.#engine.inbound.shift() as MessageIn | undefined
  }

  /** From the peer: chunks in whatever split, datagrams, or for a plugin that takes messages those. */
  writeInbound(...items: readonly WireIn[]): void {
    for (const item of items) this.#engine.driver.receive({ item })
    this.#engine.work()
  }

  /** The peer ends its output. */
  endInbound(): void {
    this.#engine.driver.receive('end')
    this.#engine.work()
  }

  /**
   * Writes at the handler's end.
   *
   * @returns as `MessageConnection.write` does.
   */
  writeOutbound(message: MessageOut): boolean {
    const writable = this.#engine.run.messages.write(message)
    this.#engine.work()
    return writable
  }

  /** Half-closes at the handler's end: the outbound stages have their last word. */
  endOutbound(): void {
    void this.#engine.run.messages.closeWrite()
    this.#engine.work()
  }

  /** Closes at the handler's end, as `MessageConnection.close` does. */
  close(): void {
    void this.#engine.run.messages.close()
    this.#engine.work()
  }

  /** Aborts at the handler's end, as `MessageConnection.abort` does. */
  abort(reason?: unknown): void {
    this.#engine.run.messages.abort(reason)
    this.#engine.work()
  }

  /** The peer resets the connection. */
  reset(): void {
    this.#engine.connection.onError(new ConnectionResetError(this.#engine.connection.remoteAddress))
    this.#engine.driver.reset()
    this.#engine.work()
  }

  /** The peer takes nothing of what is written until {@link unclog}. */
  clog(): void {
    this.#engine.driver.clog()
  }

  /** The peer takes everything again. */
  unclog(): void {
    this.#engine.driver.unclog()
    this.#engine.work()
  }

  /** The server begins to drain: `draining` of the plugins' contexts and of the handler's messages aborts. */
  beginDraining(): void {
    this.#engine.draining.abort()
    this.#engine.work()
  }

  /**
   * Waits until what awaits has come to rest: nothing new for two turns of the event loop. Waits for no clock, and for
   * no work outside of the process.
   *
   * @throws Error where something goes on for 10,000 turns.
   */
  async settled(): Promise<void> {
    for (let quiet = 0, turns = 0; quiet < QUIET_TURNS; turns++) {
      if (turns === MOST_TURNS) throw new Error(`the embedded pipeline has not come to rest in ${MOST_TURNS} turns`)
      const before = this.#engine.news
      await new Promise<void>((resolve) => setImmediate(resolve))
      this.#engine.work()
      quiet = this.#engine.news === before ? quiet + 1 : 0
    }
  }
}
