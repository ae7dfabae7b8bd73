import type { Clock, Timer } from './clock.ts'

/** What is to be looked at, at a time of its own choice. */
export interface Awaiting {
  /** By the clock, in ms. To be changed by {@link Deadlines} alone while it awaits. */
  deadline: number
  /** Where it stands; -1 where it does not await. For {@link Deadlines}. */
  place: number
  onDeadline(): void
}

/**
 * Many deadlines on one timer: a binary heap, the earliest first. A timer of Node's for each connection would take ten
 * times the memory, and most are moved on, not met.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #heap: Awaiting[] = []
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many await. */
  get size(): number {
    return this.#heap.length
  }

  /** `onDeadline` is called once, at the deadline or soon after. */
  add(awaiting: Awaiting, deadline: number): void {
    awaiting.deadline = deadline
    this.#heap.push(awaiting)
    this.#rise(awaiting, this.#heap.length - 1)
    this.#arm()
  }

  /** It is not awaited any more. Idempotent. */
  remove(awaiting: Awaiting): void {
    const { place } = awaiting
    if (place < 0) return
    awaiting.place = -1
    const last = this.#heap.pop() as Awaiting
    if (last !== awaiting) {
      this.#rise(last, place)
      this.#sink(last, last.place)
    }
    if (this.#heap.length === 0) this.#disarm()
  }

  #arm(): void {
    const earliest = this.#heap[0]
    if (earliest === undefined || earliest.deadline >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = earliest.deadline
    // A timer can fire a fraction of a millisecond early; then it is armed once more.
    const delay = Math.max(0, Math.ceil(earliest.deadline - this.#clock.now()))
    this.#timer = this.#clock.schedule(() => this.#fire(), delay)
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #fire(): void {
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.#clock.now()
    try {
      for (let first = this.#heap[0]; first && first.deadline <= now; first = this.#heap[0]) {
        this.remove(first)
        first.onDeadline()
      }
    } finally {
      this.#arm()
    }
  }

  /** Puts it where its parent is no later, at this place or above. */
  #rise(awaiting: Awaiting, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#heap[above] as Awaiting
      if (parent.deadline <= awaiting.deadline) break
      this.#put(parent, place)
      place = above
    }
    this.#put(awaiting, place)
  }

  /** Puts it where its children are no earlier, at this place or below. */
  #sink(awaiting: Awaiting, from: number): void {
    let place = from
    for (;;) {
      const child = this.#earlierChild(place)
      if (child === undefined || child.deadline >= awaiting.deadline) break
      const below = child.place
      this.#put(child, place)
      place = below
    }
    this.#put(awaiting, place)
  }

  #earlierChild(place: number): Awaiting | undefined {
    const left = this.#heap[2 * place + 1]
    const right = this.#heap[2 * place + 2]
    return right && left && right.deadline < left.deadline ? right : left
  }

  #put(awaiting: Awaiting, place: number): void {
    this.#heap[place] = awaiting
    awaiting.place = place
  }
}

const byClock: WeakMap<Clock, Deadlines> = new WeakMap()

/** The deadlines by one clock: the same for all that ask. */
export function deadlinesOf(clock: Clock): Deadlines {
  let deadlines = byClock.get(clock)
  if (deadlines === undefined) byClock.set(clock, (deadlines = new Deadlines(clock)))
  return deadlines
}
