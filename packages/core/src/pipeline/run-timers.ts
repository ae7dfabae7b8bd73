import type { Clock, Timer } from '../connection/clock.ts'

/** Calls later that end together. */
export class RunTimers {
  readonly #clock: Clock
  readonly #timers: Set<Timer> = new Set()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param delay - in ms. */
  schedule(callback: () => void, delay: number): Timer {
    const timer = this.#clock.schedule(() => {
      this.#timers.delete(timer)
      callback()
    }, delay)
    this.#timers.add(timer)
    return {
      cancel: () => {
        this.#timers.delete(timer)
        timer.cancel()
      },
    }
  }

  cancelAll(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}
