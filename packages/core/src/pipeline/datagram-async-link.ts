import { Inbox } from '../connection/inbox.ts'
import { createSource } from '../connection/source.ts'
import { BufferOverflowError } from '../errors/connection-errors.ts'
import { CorruptFrameError, FrameError } from '../errors/frame-errors.ts'
import type { AsyncLinkOwner, AsyncNext } from './async-link.ts'
import { handOn, startStage } from './batches.ts'
import type { Next, Segment, Site } from './link.ts'
import { sizeOf } from './size-of.ts'
import type { AsyncStage } from './stage.ts'

/** What waits for the stage. */
interface Waiting {
  /** Of one datagram; none at all where a framer found no frame in it. */
  readonly items: readonly unknown[]
  /** A stage before has refused the rest of the datagram: what came before is good all the same. */
  readonly cut: boolean
}

/** What a datagram that waits counts for, beside its items: there may be any number of empty ones. */
const DATAGRAM_CHARGE = sizeOf(undefined)

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
  #waiting: Waiting[] = []
  #bytes = 0
  #working = false
  #ended = false
  readonly #give = (item: unknown): void => {
    if (!this.#owner.stopped) this.#feed(() => this.next.item(item))
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
    if (this.#ended) return
    this.#collected.push(item)
    this.#bytes += sizeOf(item)
  }

  endOfDatagram(): void {
    if (!this.#ended) this.#enqueue(false)
  }

  end(): void {
    this.#ended = true
    if (!this.#working) this.next.end()
  }

  /** On a datagram connection a bad frame costs its datagram. */
  endWith(): void {}

  reset(): void {
    if (this.#collected.length > 0) this.#enqueue(true)
  }

  stop(): void {
    this.#waiting = []
    try {
      this.#iterator?.return?.()?.then(undefined, () => {})
    } catch {
      // The connection is gone; there is nobody left to tell.
    }
  }

  #enqueue(cut: boolean): void {
    this.#waiting.push({ items: this.#collected, cut })
    this.#collected = []
    this.#bytes += DATAGRAM_CHARGE
    if (this.#site.direction === 'outbound') this.#bound(this.#owner.connection.maxWriteBuffer)
    if (this.#bytes >= this.#owner.highWaterMark) this.#release ??= this.#owner.holdBack(this.#site)
    if (!this.#working) void this.#work()
  }

  /** What comes in is held back, what is written can only be refused. */
  #bound(most: number): void {
    if (this.#bytes > most) this.#owner.raise(new BufferOverflowError('an asynchronous stage', most), this.#site, 'asyncStage')
  }

  async #work(): Promise<void> {
    this.#working = true
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) {
      await this.#runOn(waiting)
      for (const item of waiting.items) this.#bytes -= sizeOf(item)
      this.#bytes -= DATAGRAM_CHARGE
      if (this.#bytes < this.#owner.highWaterMark) this.#resume()
    }
    this.#working = false
    if (this.#ended && !this.#owner.stopped) this.next.end()
  }

  async #runOn({ items, cut }: Waiting): Promise<void> {
    // Told to the stage in the place of the end; the one that a server reports was the error of the stage that threw.
    const refused = cut ? new CorruptFrameError('the rest of the datagram was refused') : undefined
    try {
      this.#iterator = startStage(this.#stage, createSource(queued(items, refused)), Infinity)
      for (let result = await this.#iterator.next(); !result.done; result = await this.#iterator.next()) {
        if (this.#owner.stopped) return
        handOn(this.#stage, result.value, this.#give)
      }
      if (this.#owner.stopped) return
      if (!this.#segment.skipping && !cut) this.#feed(() => this.next.endOfDatagram())
      if (this.#segment.skipping || cut) this.#forget()
    } catch (error) {
      // What was thrown may be undefined as well.
      if (!cut || error !== refused) this.#owner.raise(error, this.#site, 'asyncStage', this.#segment)
      if (error instanceof FrameError && !this.#owner.stopped) this.#forget()
    }
  }

  /** What stages send on from beside themselves meanwhile belongs to the datagram. */
  #feed(give: () => void): void {
    const outer = this.#segment.feeding
    this.#segment.feeding = true
    give()
    this.#segment.feeding = outer
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

/** The items of one datagram, and their end, or what stands in its place. */
function queued(items: readonly unknown[], refused: Error | undefined): Inbox<unknown> {
  const inbox = new Inbox<unknown>({ pause() {}, resume() {} }, Infinity, sizeOf)
  for (const item of items) inbox.push(item)
  if (refused) inbox.endWith(refused)
  else inbox.end()
  return inbox
}
