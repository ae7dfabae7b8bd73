import type { Driver } from './driver.ts'
import type { Flow } from './inbox.ts'
import type { Outbox } from './outbox.ts'

/** In high-water marks: from how much unsent on what is written in answer to what is read counts. */
const BRAKE_AT = 4

/**
 * Between an inbox and its driver: stops the reading as well while far too much is unsent. Whoever minds what `write`
 * returns never gets there; for whoever does not, an answer for every question to a peer that reads none would grow
 * without end.
 *
 * Only what is written after something was read counts, a high-water mark of it: one who has much to say and reads what
 * comes back must go on reading, since its peer may wait for just that before it takes more.
 */
export class ReadBrake implements Flow {
  readonly #driver: Pick<Driver, 'pause' | 'resume'>
  #wanted: boolean
  #on = false
  /** How much had been read, and written, at the last write before anything more was read. */
  #readThen = 0
  #acceptedThen = 0

  /** @param flowing - whether the driver reads just now. */
  constructor(driver: Pick<Driver, 'pause' | 'resume'>, flowing: boolean) {
    this.#driver = driver
    this.#wanted = flowing
  }

  pause(): void {
    this.#wanted = false
    if (!this.#on) this.#driver.pause()
  }

  resume(): void {
    this.#wanted = true
    if (!this.#on) this.#driver.resume()
  }

  /**
   * Something was written: reading stops where that was in answer to more reading, with {@link BRAKE_AT} high-water
   * marks unsent, until everything is sent.
   */
  onWrite(bytes: number, bytesRead: number, outbox: Pick<Outbox, 'accepted' | 'level' | 'whenEmpty'>, highWaterMark: number): void {
    const { level, accepted } = outbox
    const most = BRAKE_AT * highWaterMark
    if (this.#on || level < most) return
    if (bytesRead === this.#readThen || level - bytes < most) {
      this.#readThen = bytesRead
      this.#acceptedThen = accepted
    } else if (accepted - this.#acceptedThen >= highWaterMark) {
      this.#on = true
      if (this.#wanted) this.#driver.pause()
      outbox.whenEmpty(() => this.#release())
    }
  }

  #release(): void {
    this.#on = false
    if (this.#wanted) this.#driver.resume()
  }
}
