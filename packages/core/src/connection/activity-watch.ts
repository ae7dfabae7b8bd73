import { IdleTimeoutError, WriteTimeoutError } from '../errors/connection-errors.ts'
import type { Clock } from './clock.ts'
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
 * at the stamp when its time has come waits on for the rest. Both wait as one {@link Awaiting}, for the earlier of the two: a timer for
 * each write that the system does not take at once, which over TLS is every one, would cost more than the rest of the watch.
 */
export class ActivityWatch implements Awaiting {
  lastActivity: number
  deadline = 0
  place = -1
  readonly #clock: Clock
  readonly #outbox: Outbox
  readonly #limits: ConnectionLimits
  readonly #connection: Watched
  /** When the progress of a write is looked at next; Infinity where none is watched. */
  #lookAt = Infinity
  #sent = 0
  #progressAt = 0
  #stopped = false

  constructor(clock: Clock, outbox: Outbox, limits: ConnectionLimits, connection: Watched) {
    this.#clock = clock
    this.#outbox = outbox
    this.#limits = limits
    this.#connection = connection
    this.lastActivity = clock.now()
    this.#await()
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
    if (writeTimeout === 0 || this.#lookAt < Infinity || this.#stopped || this.#outbox.level === 0) return
    this.#sent = this.#outbox.sent
    this.#progressAt = this.#clock.now()
    this.#lookAt = this.#progressAt + writeTimeout / LOOKS
    this.#await()
  }

  stop(): void {
    this.#stopped = true
    deadlinesOf(this.#clock).remove(this)
  }

  /** For {@link Deadlines}: the time has come to see whether there was any traffic. */
  onDeadline(): void {
    const now = this.#clock.now()
    if (this.#lookAt <= now) this.#lookAtWrites(now)
    if (this.#stopped) return
    if (this.#idleAt > now) this.#await()
    else this.#connection.closeWith(new IdleTimeoutError(this.#limits.idleTimeout))
  }

  get #idleAt(): number {
    const { idleTimeout } = this.#limits
    return idleTimeout > 0 ? this.lastActivity + idleTimeout : Infinity
  }

  /** Until the earlier of the two, where it does not await something earlier yet. */
  #await(): void {
    const next = Math.min(this.#idleAt, this.#lookAt)
    if (next === Infinity || (this.place >= 0 && this.deadline <= next)) return
    const deadlines = deadlinesOf(this.#clock)
    deadlines.remove(this)
    deadlines.add(this, next)
  }

  #lookAtWrites(now: number): void {
    this.#lookAt = Infinity
    const { writeTimeout } = this.#limits
    const { level, sent } = this.#outbox
    if (level === 0) return
    if (sent > this.#sent) {
      this.#progressAt = now
      this.touch()
    }
    this.#sent = sent
    if (now - this.#progressAt >= writeTimeout) this.#connection.abort(new WriteTimeoutError(writeTimeout))
    else this.#lookAt = Math.min(now + writeTimeout / LOOKS, this.#progressAt + writeTimeout)
  }
}
