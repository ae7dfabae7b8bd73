import type { Driver } from './driver.ts'
import type { Flow } from './inbox.ts'

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

  get on(): boolean {
    return this.#on
  }

  pause(): void {
    this.#wanted = false
    if (!this.#on) this.#driver.pause()
  }

  resume(): void {
    this.#wanted = true
    if (!this.#on) this.#driver.resume()
  }

  engage(): void {
    this.#on = true
    if (this.#wanted) this.#driver.pause()
  }

  release(): void {
    this.#on = false
    if (this.#wanted) this.#driver.resume()
  }
}
