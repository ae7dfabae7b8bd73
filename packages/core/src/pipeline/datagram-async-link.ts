import { Inbox } from '../connection/inbox.ts'
import { createSource } from '../connection/source.ts'
import { FrameError } from '../errors/frame-errors.ts'
import type { AsyncLinkOwner, AsyncNext } from './async-link.ts'
import { handOn, startStage } from './batches.ts'
import type { Next, Segment, Site } from './link.ts'
import { sizeOf } from './size-of.ts'
import type { AsyncStage } from './stage.ts'

/**
 * Runs an asynchronous stage afresh for each datagram, one after the other, so that what comes out of one datagram stays one
 * datagram's and a bad one spoils no other.
 */
export class DatagramAsyncLink implements AsyncNext {
  next!: Next
  readonly #owner: AsyncLinkOwner
  readonly #site: Site
  readonly #segment: Segment
  readonly #stage: AsyncStage<unknown, unknown>
  #collected: unknown[] = []
  #waiting: unknown[][] = []
  #bytes = 0
  #working = false
  #ended = false
  readonly #give = (item: unknown): void => {
    if (!this.#owner.stopped) this.next.item(item)
  }
  #iterator: AsyncIterator<unknown> | undefined
  #release: (() => void) | undefined

  /** @param segment - that of the stages after it. */
  constructor(owner: AsyncLinkOwner, segment: Segment, site: Site, stage: AsyncStage<unknown, unknown>) {
    this.#owner = owner
    this.#segment = segment
    this.#site = site
    this.#stage = stage
  }

  get busy(): boolean {
    return this.#working
  }

  item(item: unknown): void {
    this.#collected.push(item)
    this.#bytes += sizeOf(item)
  }

  endOfDatagram(): void {
    this.#waiting.push(this.#collected)
    this.#collected = []
    if (this.#bytes >= this.#owner.highWaterMark) this.#release ??= this.#owner.holdBack(this.#site)
    if (!this.#working) void this.#work()
  }

  end(): void {
    this.#ended = true
    if (!this.#working) this.next.end()
  }

  /** On a datagram connection a bad frame costs its datagram. */
  endWith(): void {}

  reset(): void {
    for (const item of this.#collected) this.#bytes -= sizeOf(item)
    this.#collected = []
  }

  stop(): void {
    this.#waiting = []
    try {
      this.#iterator?.return?.()?.then(undefined, () => {})
    } catch {
      // The connection is gone; there is nobody left to tell.
    }
  }

  async #work(): Promise<void> {
    this.#working = true
    for (let items = this.#waiting.shift(); items; items = this.#waiting.shift()) {
      await this.#runOn(items)
      for (const item of items) this.#bytes -= sizeOf(item)
      if (this.#bytes < this.#owner.highWaterMark) this.#resume()
    }
    this.#working = false
    if (this.#ended && !this.#owner.stopped) this.next.end()
  }

  async #runOn(items: unknown[]): Promise<void> {
    try {
      this.#iterator = startStage(this.#stage, createSource(queued(items)), Infinity)
      for (let result = await this.#iterator.next(); !result.done; result = await this.#iterator.next()) {
        if (this.#owner.stopped) return
        handOn(this.#stage, result.value, this.#give)
      }
      if (this.#owner.stopped) return
      if (!this.#segment.skipping) this.next.endOfDatagram()
      if (this.#segment.skipping) this.#forget()
    } catch (error) {
      this.#owner.raise(error, this.#site, 'asyncStage', this.#segment)
      if (error instanceof FrameError && !this.#owner.stopped) this.#forget()
    }
  }

  #forget(): void {
    this.#segment.skipping = false
    this.next.reset()
  }

  #resume(): void {
    this.#release?.()
    this.#release = undefined
  }
}

/** The items of one datagram, and their end. */
function queued(items: readonly unknown[]): Inbox<unknown> {
  const inbox = new Inbox<unknown>({ pause() {}, resume() {} }, Infinity, sizeOf)
  for (const item of items) inbox.push(item)
  inbox.end()
  return inbox
}
