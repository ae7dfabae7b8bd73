import type { Clock, Timer } from '@millrace/core'
import type { Poller } from './poller.ts'

/**
 * A clock that is looked at once for all sockets that the system told of together: what came on them came at the same time. Node's clock
 * costs some 100 ns a look, one in eighty of what a message costs.
 */
export class PollerClock implements Clock {
  readonly #clock: Clock
  readonly #poller: Pick<Poller, 'batch' | 'delivering'>
  /** The batch that {@link now} was last asked in. */
  #batch = -1
  #time = 0

  constructor(clock: Clock, poller: Pick<Poller, 'batch' | 'delivering'>) {
    this.#clock = clock
    this.#poller = poller
  }

  now(): number {
    const { batch, delivering } = this.#poller
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
