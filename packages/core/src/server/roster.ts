/** What can stand in a {@link Roster}, in one at a time. Its links are the roster's. */
export interface Enrolled<M> {
  previous: M | undefined
  next: M | undefined
}

/**
 * Those that are there, in the order in which they came.
 *
 * For what comes and goes by the thousand, in place of a `Set`: when V8 makes a new table for one, the old table points to it. Once
 * one such table has become old memory, every later one is kept until old memory is collected, and with it all that was in
 * it: so a server's closed connections were copied twice, and then left to the slower collection.
 */
export class Roster<M extends Enrolled<M>> implements Iterable<M> {
  #first: M | undefined
  #last: M | undefined

  add(member: M): void {
    member.previous = this.#last
    if (this.#last) this.#last.next = member
    else this.#first = member
    this.#last = member
  }

  /** @param member - one that is there. */
  remove(member: M): void {
    const { previous, next } = member
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    // One that is kept by somebody must not keep its neighbours.
    member.previous = undefined
    member.next = undefined
  }

  *[Symbol.iterator](): Generator<M, void, undefined> {
    for (let member = this.#first; member; member = member.next) yield member
  }
}
