import { feedWhole, type LinkOwner, type Next, type Segment, type Site } from './link.ts'
import { handOn, startStage } from './batches.ts'
import type { AsyncStage } from './stage.ts'
import { Inbox } from '../connection/inbox.ts'
import { createSource } from '../connection/source.ts'
import { ConnectionClosedError } from '../errors/connection-errors.ts'
import { type BrakeOwner, OutputBrake } from './output-brake.ts'
import { sizeOf } from './size-of.ts'

/** What an asynchronous stage needs of its run besides. */
export interface AsyncLinkOwner extends LinkOwner, BrakeOwner {
  /** Bytes that may wait before an asynchronous stage until reading stops. */
  readonly highWaterMark: number
  /** The input of this direction must wait, until the function it returns is called. */
  holdBack(site: Site): () => void
  /** Resolves when the wire, or whoever reads the messages, has room; undefined where it has. May reject when the connection is gone. */
  whenWritable(): Promise<void> | undefined
  /** The same of the wire alone. */
  whenSent(): Promise<void> | undefined
}

/** An asynchronous stage among the links, of either kind. */
export interface AsyncNext extends Next {
  next: Next
  /** Items wait before it, or it is at work on one. */
  readonly busy: boolean
  /** Ends it, whatever it waits for. */
  stop(error: Error | undefined): void
}

/**
 * Runs an asynchronous stage once, over all items of its direction. What waits before it is bounded: over the high-water mark
 * the input is held back.
 */
export class AsyncLink implements AsyncNext {
  next!: Next
  readonly #owner: AsyncLinkOwner
  readonly site: Site
  readonly #inbox: Inbox<unknown>
  readonly #stage: AsyncStage<unknown, unknown>
  readonly #segment: Segment
  readonly #datagram: boolean
  readonly #brake: OutputBrake | undefined
  readonly #give = (item: unknown): void => {
    if (this.#over || this.#owner.stopped) return
    if (this.#datagram) feedWhole({ next: this.next, segment: this.#segment }, item)
    else this.next.item(item)
  }
  #iterator: AsyncIterator<unknown> | undefined
  #release: (() => void) | undefined
  #over = false
  /** What its input has ended with. */
  #broken: Error | undefined
  #told = false

  /**
   * @param segment - that of the stages after it.
   * @param datagram - each item that it gives is a datagram to the stages after it.
   */
  constructor(
    owner: AsyncLinkOwner,
    segment: Segment,
    site: Site,
    stage: AsyncStage<unknown, unknown>,
    datagram: boolean,
  ) {
    this.#owner = owner
    this.#datagram = datagram
    this.#segment = segment
    this.site = site
    if (site.direction === 'outbound') this.#brake = new OutputBrake(owner)
    const flow = {
      pause: () => (this.#release ??= owner.holdBack(site)),
      resume: () => {
        this.#release?.()
        this.#release = undefined
        this.#brake?.onTaken()
      },
      onTold: () => (this.#told = true),
    }
    this.#inbox = new Inbox<unknown>(flow, owner.highWaterMark, sizeOf)
    this.#stage = stage
    // Once the links after it are there too.
    queueMicrotask(() => void this.#pump())
  }

  get busy(): boolean {
    return !this.#over && (this.#inbox.length > 0 || !this.#inbox.awaited)
  }

  item(item: unknown): void {
    if (this.#over) return
    this.#inbox.push(item)
    if (this.#inbox.bytes < this.#owner.highWaterMark) return
    this.#release ??= this.#owner.holdBack(this.site)
    const overflow = this.#brake?.onItem(sizeOf(item), this.#inbox.bytes)
    if (overflow) this.#owner.raise(overflow, this.site, 'asyncStage')
  }

  endOfDatagram(): void {}

  end(): void {
    this.#inbox.end()
  }

  endWith(error: Error, failed: Site | undefined): void {
    if (failed) {
      this.stop(error)
      this.next.endWith(error, failed === this.site ? undefined : failed)
    } else if (!this.#over) {
      this.#broken = error
      this.#inbox.endWith(error)
    }
  }

  reset(): void {}

  stop(error: Error | undefined): void {
    this.#over = true
    this.#inbox.fail(error ?? new ConnectionClosedError(), true)
    try {
      this.#iterator?.return?.()?.then(undefined, () => {})
    } catch {
      // The connection is gone; there is nobody left to tell.
    }
  }

  async #pump(): Promise<void> {
    try {
      // A source that nobody has begun to read is held back as one that is behind, but for what makes the stage begin.
      this.#iterator = startStage(this.#stage, createSource(this.#inbox), this.#owner.highWaterMark)
      for (;;) {
        const result = await this.#iterator.next()
        if (result.done || this.#over || this.#owner.stopped) break
        handOn(this.#stage, result.value, this.#give)
        const room = this.site.direction === 'inbound' ? this.#owner.whenWritable() : this.#owner.whenSent()
        if (room) await room
      }
      if (!this.#over && !this.#owner.stopped) this.#finish()
    } catch (error) {
      if (this.#over) return
      // What a stage throws that was told of broken input is most likely that, and comes of it.
      if (this.#told && this.#broken) this.#finish()
      else this.#owner.raise(error, this.site, 'asyncStage', this.#segment)
    }
  }

  #finish(): void {
    this.#over = true
    this.#inbox.fail(new ConnectionClosedError(), true)
    this.#release?.()
    this.#brake?.onTaken()
    if (this.#broken) this.next.endWith(this.#broken, undefined)
    else this.next.end()
  }
}
