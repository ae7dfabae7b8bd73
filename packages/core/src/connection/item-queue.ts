/** From so many places on that were taken from, what waits is moved up. */
const COMPACT_FROM = 1024

/** Items in order, and how many bytes they are together. */
export class ItemQueue<T> {
  bytes = 0
  #items: T[] = []
  /** Where the oldest stands. */
  #head = 0
  readonly #sizeOf: (item: T) => number

  constructor(sizeOf: (item: T) => number) {
    this.#sizeOf = sizeOf
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
    this.bytes += this.#sizeOf(item)
  }

  /** Puts an item in front of all others. */
  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item
    else this.#items.unshift(item)
    this.bytes += this.#sizeOf(item)
  }

  /** Takes the oldest one, of which there must be one. */
  shift(): T {
    const item = this.#items[this.#head] as T
    this.#items[this.#head++] = undefined as T
    if (this.#head === this.#items.length) {
      // Cutting an array to nothing costs more than a new one, and both more than taking out the one item there mostly is.
      if (this.#head === 1) this.#items.pop()
      else this.#items = []
      this.#head = 0
    } else if (this.#head > COMPACT_FROM) {
      this.#items.splice(0, this.#head)
      this.#head = 0
    }
    this.bytes -= this.#sizeOf(item)
    return item
  }

  /** Puts something else in the place of each item, of the same size. */
  replace(by: (item: T) => T): void {
    for (let i = this.#head; i < this.#items.length; i++) this.#items[i] = by(this.#items[i] as T)
  }
}
