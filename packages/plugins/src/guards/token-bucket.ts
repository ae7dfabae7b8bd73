import type { Clock } from '@millrace/core'

/**
 * Allows so much a second and, after a while without use, so much at once. It may go into debt: what is taken then is
 * waited for.
 *
 * @see https://en.wikipedia.org/wiki/Token_bucket
 */
export class TokenBucket {
  readonly #perSecond: number
  readonly #most: number
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  /**
   * @param perSecond - above 0.
   * @param most - how much may be taken at once: at least 1, else nothing whole could ever be.
   */
  constructor(perSecond: number, most: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#most = Math.max(1, most)
    this.#clock = clock
    this.#tokens = this.#most
    this.#filledAt = clock.now()
  }

  /** Whether so much may be taken without debt. */
  has(amount: number): boolean {
    this.#fill()
    return this.#tokens >= Math.min(amount, this.#most)
  }

  /** Takes so much, whether or not it is there. */
  take(amount: number): void {
    this.#fill()
    this.#tokens -= amount
  }

  /** In ms: when so much may be taken, at the earliest; 0 where it may now. */
  wait(amount: number): number {
    this.#fill()
    const missing = Math.min(amount, this.#most) - this.#tokens
    return missing <= 0 ? 0 : (missing * 1_000) / this.#perSecond
  }

  #fill(): void {
    const now = this.#clock.now()
    const gained = ((now - this.#filledAt) * this.#perSecond) / 1_000
    this.#tokens = Math.min(this.#most, this.#tokens + gained)
    this.#filledAt = now
  }
}
