import type { Clock } from '@millrace/core'
import { sizeOfItem } from './item-size.ts'

/** In bytes: what may be delayed at once, each item counting for 128 more. Over it, the oldest goes before its time. */
const MOST_DELAYED = 4 * 1024 * 1024
const CHARGE = 128

interface Delayed {
  readonly item: unknown
  /** By the clock. */
  readonly due: number
}

/** Items that go on later, in the order of their times. */
export class DelayLine {
  readonly #clock: Clock
  readonly #send: (item: unknown) => void
  readonly #ordered: boolean
  #items: Delayed[] = []
  #bytes = 0

  /** @param ordered - none overtakes another: each is as late as the one before it. */
  constructor(clock: Clock, ordered: boolean, send: (item: unknown) => void) {
    this.#clock = clock
    this.#ordered = ordered
    this.#send = send
  }

  get empty(): boolean {
    return this.#items.length === 0
  }

  /** @param delay - in ms. */
  add(item: unknown, delay: number): void {
    const earliest = this.#ordered ? (this.#items.at(-1)?.due ?? 0) : 0
    const due = Math.max(earliest, this.#clock.now() + delay)
    const at = this.#items.findLastIndex((other) => other.due <= due) + 1
    this.#items.splice(at, 0, { item, due })
    this.#bytes += sizeOfItem(item) + CHARGE
    this.#clock.schedule(() => this.#sendDue(), due - this.#clock.now())
    while (this.#bytes > MOST_DELAYED) this.#send(this.#take())
  }

  /** All that waits, in order; it is the caller's from now on. */
  drain(): unknown[] {
    this.#bytes = 0
    return this.#items.splice(0).map(({ item }) => item)
  }

  #sendDue(): void {
    const now = this.#clock.now()
    while (this.#items[0] !== undefined && this.#items[0].due <= now) this.#send(this.#take())
  }

  #take(): unknown {
    const { item } = this.#items.shift() as Delayed
    this.#bytes -= sizeOfItem(item) + CHARGE
    return item
  }
}
