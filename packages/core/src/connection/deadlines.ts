import type { Clock, Timer } from './clock.ts'

/** What is to be looked at, at a time of its own choice. */
export interface Awaiting {
  /** By the clock, in ms. To be changed by {@link Deadlines} alone while it awaits. */
  deadline: number
  /** Where it stands; -1 where it does not await. For {@link Deadlines}. */
  place: number
  onDeadline(): void
}

/** In ms: a timer that fires so much too late says that the process was held up. */
const HELD_UP = 50
/** In ms: for how long what has come meanwhile is read at most, before what is overdue is looked at. */
const MOST_CATCHING_UP = 1000

/**
 * Many deadlines on one timer: a binary heap, the earliest first. A timer of Node's for each connection would take ten
 * times the memory, and most are moved on, not met.
 *
 * A process that was held up, by its own code or by the system, has not seen what its peers have sent and taken meanwhile: that is no silence
 * of theirs. It first gets as long as it was held up, a second at most, to see it.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #heap: Awaiting[] = []
  #timer: Timer | undefined
  #timerAt = Infinity
  /** Until then the process catches up. */
  #notBefore = -Infinity

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
    if (earliest === undefined) return
    const at = Math.max(earliest.deadline, this.#notBefore)
    if (at >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = at
    // A timer can fire a fraction of a millisecond early; then it is armed once more.
    const delay = Math.max(0, Math.ceil(at - this.#clock.now()))
    this.#timer = this.#clock.schedule(() => this.#fire(), delay)
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #fire(): void {
    const now = this.#clock.now()
    const late = now - this.#timerAt
    const caughtUp = this.#timerAt === this.#notBefore
    this.#timer = undefined
    this.#timerAt = Infinity
    if (late > HELD_UP && !caughtUp) {
      this.#notBefore = now + Math.min(late, MOST_CATCHING_UP)
      return this.#arm()
    }
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
