import type { Next, Site } from './link.ts'

/** Behind a framer: tells plugins before it of each frame, and passes it on. */
export class FrameTap implements Next {
  next!: Next
  readonly #watchers: readonly (() => void)[]

  /** @param watchers - none of them throws. */
  constructor(watchers: readonly (() => void)[]) {
    this.#watchers = watchers
  }

  item(item: unknown): void {
    for (const tell of this.#watchers) tell()
    this.next.item(item)
  }

  endOfDatagram(): void {
    this.next.endOfDatagram()
  }

  end(): void {
    this.next.end()
  }

  endWith(error: Error, failed: Site | undefined): void {
    this.next.endWith(error, failed)
  }

  reset(): void {
    this.next.reset()
  }
}
