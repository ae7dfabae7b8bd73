import type { BaseConnection } from '../connection/base-connection.ts'
import { type Clock, LONGEST_DELAY, type Timer } from '../connection/clock.ts'
import { deferred, type Deferred } from '../connection/promises.ts'
import { DrainTimeoutError } from '../errors/connection-errors.ts'

/** A connection as draining sees it. */
export interface Drainable {
  readonly connection: BaseConnection
  /** Whether a handler or an asynchronous stage has something in hand. */
  readonly busy: boolean
}

/** In ms: no byte either way for this long, with nothing queued and nothing in hand, is idle. */
const IDLE = 250
/** In ms: how often connections that are at work are looked at. */
const LOOK = 50

/** Sees the connections of a server out: closes each when it is idle, cuts off what is left at the deadline. */
export class Drain {
  readonly #open: Iterable<Drainable>
  readonly #clock: Clock
  readonly #done: Deferred<number> = deferred()
  readonly #deadline: Timer | undefined
  /** Those that have been cut and are not gone yet: a second cut must not count them again. */
  readonly #cut: WeakSet<Drainable> = new WeakSet()
  /** Neither a connection that nobody reads nor a timer of the clock's keeps the process running: until all are seen out, this does. */
  readonly #alive: NodeJS.Timeout = setInterval(() => {}, LONGEST_DELAY)
  #look: Timer | undefined
  /** When the next look is to be, by the clock. */
  #lookAt = Infinity
  #cutOff = 0
  #over = false

  /** @param timeout - in ms; 0 waits without end. */
  constructor(open: Iterable<Drainable>, clock: Clock, timeout: number) {
    this.#open = open
    this.#clock = clock
    if (timeout > 0) this.#deadline = clock.schedule(() => this.cut(new DrainTimeoutError(timeout)), timeout)
    this.#lookAround()
  }

  /** Resolves with the number of connections that were cut off at work, when the last one has gone. */
  get done(): Promise<number> {
    return this.#done.promise
  }

  /** Resets what is left. */
  cut(reason: unknown): void {
    for (const drainable of [...this.#open]) {
      if (!this.#isIdle(drainable) && !this.#cut.has(drainable)) this.#cutOff++
      this.#cut.add(drainable)
      drainable.connection.abort(reason)
    }
  }

  /** A connection has gone. */
  onGone(): void {
    if (this.#over || !isEmpty(this.#open)) return
    this.#over = true
    this.#deadline?.cancel()
    this.#look?.cancel()
    clearInterval(this.#alive)
    this.#done.resolve(this.#cutOff)
  }

  #lookAround(): void {
    // A process that was held up has not read what has come meanwhile: that is no silence of the peers.
    const heldUp = this.#clock.now() - this.#lookAt > LOOK
    for (const drainable of heldUp ? [] : [...this.#open]) {
      if (this.#isIdle(drainable)) void drainable.connection.close()
    }
    this.onGone()
    if (this.#over) return
    this.#lookAt = this.#clock.now() + LOOK
    this.#look = this.#clock.schedule(() => this.#lookAround(), LOOK)
  }

  #isIdle(drainable: Drainable): boolean {
    const { connection } = drainable
    const { unsentBytes, queuedBytes, lastActivity } = connection
    return unsentBytes === 0 && queuedBytes === 0 && !drainable.busy && this.#clock.now() - lastActivity >= IDLE
  }
}

function isEmpty(items: Iterable<unknown>): boolean {
  for (const _ of items) return false
  return true
}
