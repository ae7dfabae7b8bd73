import type { Driver } from './driver.ts'
import type { Flow } from './inbox.ts'
import type { Outbox } from './outbox.ts'

/** In high-water marks: how much may be unsent until no more is read. */
const BRAKE_AT = 4

/**
 * Between an inbox and its driver: stops the reading as well while far too much is unsent. Whoever minds what `write` returns
 * never gets there; for whoever does not, an answer for every question to a peer that reads none would grow without end.
 */
export class ReadBrake implements Flow {
  readonly #driver: Driver
  #wanted = false
  #on = false

  constructor(driver: Driver) {
    this.#driver = driver
  }

  pause(): void {
    this.#wanted = false
    if (!this.#on) this.#driver.pause()
  }

  resume(): void {
    this.#wanted = true
    if (!this.#on) this.#driver.resume()
  }

  /** Reading stops at {@link BRAKE_AT} high-water marks unsent, until everything is sent. */
  engageFor(outbox: Outbox, highWaterMark: number): void {
    if (this.#on || outbox.level < BRAKE_AT * highWaterMark) return
    this.#on = true
    if (this.#wanted) this.#driver.pause()
    outbox.whenEmpty(() => this.#release())
  }

  #release(): void {
    this.#on = false
    if (this.#wanted) this.#driver.resume()
  }
}
