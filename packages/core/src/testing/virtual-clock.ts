import { type Clock, LONGEST_DELAY, type Timer } from '../connection/clock.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'

interface Due {
  readonly time: number
  readonly callback: () => void
}

/**
 * Calls that one `advance` or `runAll` makes at most: a callback that schedules itself without delay would go on for
 * ever.
 */
const MOST_CALLS = 100_000

/**
 * A clock that stands still until it is told to go on: timeouts of minutes pass at once, in order, in the caller's own
 * turn. Give it to a server or client as `CLOCK`, or use the one that {@link embed} brings.
 *
 * @example
 * const clock = new VirtualClock()
 * clock.schedule(() => console.log(clock.now()), 60_000)
 * clock.advance(60_000) // 60000
 */
export class VirtualClock implements Clock {
  #now = 0
  /** By time, and where that is the same by when they were scheduled. */
  readonly #timers: Due[] = []

  /** Calls that are still to come. */
  get pending(): number {
    return this.#timers.length
  }

  /** Milliseconds since the clock was made. During a callback, the very time that it was due. */
  now(): number {
    return this.#now
  }

  /**
   * @param delay - in milliseconds.
   * @throws {@link InvalidOptionError} for a delay that a real clock could not keep.
   */
  schedule(callback: () => void, delay: number): Timer {
    if (!(delay >= 0 && delay <= LONGEST_DELAY)) {
      throw new InvalidOptionError('delay', `a number from 0 to ${LONGEST_DELAY} (ms)`, delay)
    }
    const timer: Due = { time: this.#now + delay, callback }
    const later = this.#timers.findIndex(({ time }) => time > timer.time)
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer)
    return { cancel: () => this.#remove(timer) }
  }

  /**
   * Lets time pass, making every call that falls due, those included that are scheduled meanwhile. What a callback
   * throws goes to the caller; the calls after it stay scheduled.
   *
   * @param duration - in milliseconds.
   * @throws {@link InvalidOptionError} for a negative duration.
   */
  advance(duration: number): void {
    if (!(duration >= 0 && duration < Infinity)) {
      throw new InvalidOptionError('duration', 'a number from 0 (ms)', duration)
    }
    const target = this.#now + duration
    this.#runUntil(target)
    // A callback may have advanced further by itself.
    this.#now = Math.max(this.#now, target)
  }

  /**
   * Makes every call there is, however late, those included that are scheduled meanwhile.
   *
   * @throws Error after 100,000 calls: something keeps scheduling itself.
   */
  runAll(): void {
    this.#runUntil(Infinity)
  }

  #runUntil(target: number): void {
    for (let calls = 0; ; calls++) {
      const next = this.#timers[0]
      if (next === undefined || next.time > target) return
      if (calls === MOST_CALLS) throw new Error(`a callback keeps scheduling itself: ${MOST_CALLS} calls at once`)
      this.#timers.shift()
      this.#now = Math.max(this.#now, next.time)
      next.callback()
    }
  }

  #remove(timer: Due): void {
    const index = this.#timers.indexOf(timer)
    if (index !== -1) this.#timers.splice(index, 1)
  }
}
