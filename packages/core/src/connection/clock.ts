// By its name: the global of that name is looked up anew by a getter each time, and the time is asked for with every chunk.
import { performance } from 'node:perf_hooks'

/** The longest delay that a timer of Node's can have, in milliseconds: 24.8 days (node:timers, setTimeout). */
export const LONGEST_DELAY: number = 2 ** 31 - 1

/** A pending call of a {@link Clock}. */
export interface Timer {
  /** The call will not be made. Idempotent. */
  cancel(): void
}

/** The time, and calls later. Injected as `CLOCK`; tests use the virtual one of `@millrace/core/testing`. */
export interface Clock {
  /** Milliseconds from an arbitrary start; never goes back. */
  now(): number
  /**
   * Calls back once after `delay` milliseconds. The call does not keep the process alive.
   *
   * @param delay - in milliseconds, 0 to 2,147,483,647.
   */
  schedule(callback: () => void, delay: number): Timer
}

/**
 * The real time, in whole milliseconds: V8 keeps a small integer in the field that it is stored in, and a fraction in an object
 * of 16 bytes beside it, of which an idle connection would have five. Its timers are unreferenced: an idle timeout alone
 * never keeps a process running.
 */
export const systemClock: Clock = {
  now: () => Math.trunc(performance.now()),
  schedule: (callback, delay) => new SystemTimer(callback, delay),
}

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout

  constructor(callback: () => void, delay: number) {
    this.#handle = setTimeout(callback, delay)
    this.#handle.unref()
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }
}
