import { IdleTimeoutError, WriteTimeoutError } from '../errors/connection-errors.ts'
import type { Clock, Timer } from './clock.ts'
import { type Awaiting, deadlinesOf } from './deadlines.ts'
import type { ConnectionLimits } from './connection-options.ts'
import type { Outbox } from './outbox.ts'

/** What an {@link ActivityWatch} ends. */
interface Watched {
  closeWith(error: Error): void
  abort(error: Error): void
}

/** How far a write has come that the peer has not taken whole. */
interface Stall {
  timer: Timer
  /** Bytes handed over by the last look. */
  sent: number
  /** When a look last found more of them, by the clock. */
  progressAt: number
}

/** How often in one `writeTimeout` the progress of a write is looked at: a stall is seen within a tenth of it. */
const LOOKS = 10

/**
 * The idle timeout and the write-stall timeout of one connection. Traffic sets a time stamp and no timer; what looks
 * at the stamp when its time has come waits on for the rest.
 */
export class ActivityWatch implements Awaiting {
  lastActivity: number
  deadline = 0
  place = -1
  readonly #clock: Clock
  readonly #outbox: Outbox
  readonly #limits: ConnectionLimits
  readonly #connection: Watched
  /** While something is unsent. */
  #stall: Stall | undefined
  #stopped = false

  constructor(clock: Clock, outbox: Outbox, limits: ConnectionLimits, connection: Watched) {
    this.#clock = clock
    this.#outbox = outbox
    this.#limits = limits
    this.#connection = connection
    this.lastActivity = clock.now()
    if (limits.idleTimeout > 0) deadlinesOf(clock).add(this, this.lastActivity + limits.idleTimeout)
  }

  /** A byte went. */
  touch(): void {
    this.lastActivity = this.#clock.now()
  }

  /** Something was written. */
  wrote(): void {
    this.touch()
    this.watchWrites()
  }

  /** Where something is unsent, watch that the peer takes it. */
  watchWrites(): void {
    const { writeTimeout } = this.#limits
    if (writeTimeout === 0 || this.#stall || this.#stopped || this.#outbox.level === 0) return
    const timer = this.#lookIn(writeTimeout / LOOKS)
    this.#stall = { timer, sent: this.#outbox.sent, progressAt: this.#clock.now() }
  }

  stop(): void {
    this.#stopped = true
    deadlinesOf(this.#clock).remove(this)
    this.#stall?.timer.cancel()
  }

  /** For {@link Deadlines}: the time has come to see whether there was any traffic. */
  onDeadline(): void {
    const { idleTimeout } = this.#limits
    const idleAt = this.lastActivity + idleTimeout
    if (idleAt > this.#clock.now()) deadlinesOf(this.#clock).add(this, idleAt)
    else this.#connection.closeWith(new IdleTimeoutError(idleTimeout))
  }

  #lookIn(delay: number): Timer {
    return this.#clock.schedule(() => this.#lookAtWrites(), delay)
  }

  #lookAtWrites(): void {
    const stall = this.#stall as Stall
    this.#stall = undefined
    const { writeTimeout } = this.#limits
    const { level, sent } = this.#outbox
    const now = this.#clock.now()
    if (level === 0) return
    if (sent > stall.sent) {
      stall.progressAt = now
      this.touch()
    }
    stall.sent = sent
    const rest = stall.progressAt + writeTimeout - now
    if (rest <= 0) return this.#connection.abort(new WriteTimeoutError(writeTimeout))
    stall.timer = this.#lookIn(Math.min(writeTimeout / LOOKS, rest))
    this.#stall = stall
  }
}
