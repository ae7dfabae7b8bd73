import { type Next, type Site, StageLink } from './link.ts'

/**
 * Stands before an inbound stage while its connection is upgraded: no item may come any more, and the stages above forget what they
 * have half read, without those behind.
 */
export class StageGuard implements Next {
  /** Whether an item has come. It is dropped. */
  passed = false
  readonly next: Next
  readonly #first: { next: Next }
  readonly #before: { next: Next }

  /**
   * @param first - where the inbound direction begins.
   * @returns undefined where no synchronous stage is at that site, or an asynchronous one is above it.
   */
  static before(site: Site, first: { next: Next }): StageGuard | undefined {
    let before = first
    while (before.next instanceof StageLink) {
      if (before.next.site === site) return new StageGuard(first, before)
      before = before.next
    }
    return undefined
  }

  private constructor(first: { next: Next }, before: { next: Next }) {
    this.#first = first
    this.#before = before
    this.next = before.next
    before.next = this
  }

  /** The stages above forget what they have half read. */
  resetAbove(): void {
    this.#first.next.reset()
  }

  remove(): void {
    this.#before.next = this.next
  }

  item(_item: unknown): void {
    this.passed = true
  }

  endOfDatagram(): void {}

  end(): void {
    this.next.end()
  }

  endWith(error: Error, failed: Site | undefined): void {
    this.next.endWith(error, failed)
  }

  /** Goes no further. */
  reset(): void {}
}
