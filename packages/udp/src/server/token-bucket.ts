import type { Clock } from '@millrace/core'

/**
 * Allows so many events a second, and as many at once after a quiet second.
 *
 * @see {@link https://en.wikipedia.org/wiki/Token_bucket}
 */
export class TokenBucket {
  readonly #perSecond: number
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  /** @param perSecond - 1 or more; `Infinity` allows all. */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#tokens = perSecond
    this.#filledAt = clock.now()
  }

  /** @returns whether one more is allowed now, and if so counts it. */
  take(): boolean {
    if (this.#perSecond === Infinity) return true
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#filledAt) * this.#perSecond) / 1_000)
    this.#filledAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
