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
  #stallTimer: Timer | undefined
  #sent = 0
  #progressAt = 0
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
    if (writeTimeout === 0 || this.#stallTimer || this.#stopped || this.#outbox.level === 0) return
    this.#sent = this.#outbox.sent
    this.#progressAt = this.#clock.now()
    this.#armStall(writeTimeout / LOOKS)
  }

  stop(): void {
    this.#stopped = true
    deadlinesOf(this.#clock).remove(this)
    this.#stallTimer?.cancel()
  }

  /** For {@link Deadlines}: the time has come to see whether there was any traffic. */
  onDeadline(): void {
    const { idleTimeout } = this.#limits
    const idleAt = this.lastActivity + idleTimeout
    if (idleAt > this.#clock.now()) deadlinesOf(this.#clock).add(this, idleAt)
    else this.#connection.closeWith(new IdleTimeoutError(idleTimeout))
  }

  #armStall(delay: number): void {
    this.#stallTimer = this.#clock.schedule(() => this.#lookAtWrites(), delay)
  }

  #lookAtWrites(): void {
    this.#stallTimer = undefined
    const { writeTimeout } = this.#limits
    const { level, sent } = this.#outbox
    const now = this.#clock.now()
    if (level === 0) return
    if (sent > this.#sent) {
      this.#progressAt = now
      this.touch()
    }
    this.#sent = sent
    if (now - this.#progressAt >= writeTimeout) this.#connection.abort(new WriteTimeoutError(writeTimeout))
    else this.#armStall(Math.min(writeTimeout / LOOKS, this.#progressAt + writeTimeout - now))
  }
}
