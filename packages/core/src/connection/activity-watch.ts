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

/** How far a write has come that the peer has not taken whole. */
interface Stall {
  /** When it is looked at next, by the clock. */
  lookAt: number
  /** Bytes handed over by the last look. */
  sent: number
  /** When a look last found more of them, by the clock. */
  progressAt: number
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
  /** While something is unsent. */
  #stall: Stall | undefined
  #stopped = false
  /** The connection ends once what was written has gone out. */
  #ending = false

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
    const patience = this.#patience
    if (patience === 0 || this.#stall || this.#stopped || this.#outbox.level === 0) return
    const now = this.#clock.now()
    this.#stall = { lookAt: now + patience / LOOKS, sent: this.#outbox.sent, progressAt: now }
    this.#await()
  }

  /** The connection ends once what was written has gone out: silence does not matter any more, a peer that takes none of it does. */
  watchLastWrites(): void {
    if (this.#stopped) return
    this.#ending = true
    deadlinesOf(this.#clock).remove(this)
    if (this.#stall) this.#await()
    else this.watchWrites()
  }

  stop(): void {
    this.#stopped = true
    deadlinesOf(this.#clock).remove(this)
  }

  /** For {@link Deadlines}: the time has come to see whether there was any traffic. */
  onDeadline(): void {
    const now = this.#clock.now()
    if (this.#stall && this.#stall.lookAt <= now) this.#lookAtWrites(this.#stall, now)
    if (this.#stopped) return
    if (this.#idleAt > now) this.#await()
    else this.#connection.closeWith(new IdleTimeoutError(this.#limits.idleTimeout))
  }

  get #idleAt(): number {
    const { idleTimeout } = this.#limits
    return idleTimeout > 0 && !this.#ending ? this.lastActivity + idleTimeout : Infinity
  }

  /** How long the peer may take nothing of what was written; 0 is without end. Last words that nobody takes are silence, too. */
  get #patience(): number {
    const { writeTimeout, idleTimeout } = this.#limits
    return writeTimeout === 0 && this.#ending ? idleTimeout : writeTimeout
  }

  /** Until the earlier of the two, where it does not await something earlier yet. */
  #await(): void {
    const next = Math.min(this.#idleAt, this.#stall ? this.#stall.lookAt : Infinity)
    if (next === Infinity || (this.place >= 0 && this.deadline <= next)) return
    const deadlines = deadlinesOf(this.#clock)
    deadlines.remove(this)
    deadlines.add(this, next)
  }

  #lookAtWrites(stall: Stall, now: number): void {
    const patience = this.#patience
    const { level, sent } = this.#outbox
    if (level === 0) {
      this.#stall = undefined
      return
    }
    if (sent > stall.sent) {
      stall.progressAt = now
      this.touch()
    }
    stall.sent = sent
    const rest = stall.progressAt + patience - now
    if (rest > 0) stall.lookAt = now + Math.min(patience / LOOKS, rest)
    else this.#giveUp(patience)
  }

  #giveUp(patience: number): void {
    this.stop()
    this.#connection.abort(new WriteTimeoutError(patience))
  }
}
