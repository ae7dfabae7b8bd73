import type { Clock, Timer } from './clock.ts'

/** What gives out, one after the other, things that came together. */
export interface Batches {
  /** Counts the batches. */
  readonly batch: number
  /** Whether one is being given out. */
  readonly delivering: boolean
}

/**
 * A clock that is looked at once for each batch, and by whoever asks in between: what is in one came together. Node's clock costs some
 * 100 ns a look, one in eighty of what a message costs over TCP, and one in forty over UDP, on the native drivers.
 */
export class BatchClock implements Clock {
  readonly #clock: Clock
  readonly #batches: Batches
  /** The batch that {@link now} was last asked in. */
  #batch = -1
  #time = 0

  constructor(clock: Clock, batches: Batches) {
    this.#clock = clock
    this.#batches = batches
  }

  now(): number {
    const { batch, delivering } = this.#batches
    if (!delivering) return this.#clock.now()
    if (batch !== this.#batch) {
      this.#batch = batch
      this.#time = this.#clock.now()
    }
    return this.#time
  }

  schedule(callback: () => void, delay: number): Timer {
    return this.#clock.schedule(callback, delay)
  }
}
