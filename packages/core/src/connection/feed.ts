import type { Reader } from './lease.ts'
import { ignoreRejection } from './promises.ts'

/**
 * Under this a source of ours can be read by being pushed to, so that items move between parts of ours without a promise for
 * each. Anybody else iterates it as any other source.
 */
export const FEED: unique symbol = Symbol('millrace.feed')

/** Under this an iterator of ours gives what its `next()` would resolve with, where that is there by now. */
export const NOW: unique symbol = Symbol('millrace.now')

/** Who is pushed to: items in order, and then the end or the failure, after the last item. None of these may throw. */
export interface PushedReader<T> extends Reader<T> {
  readonly onItem: (item: T) => void
  readonly inOrder: true
  /**
   * The connection to which all that comes of an item is written before `onItem` returns, if it is not copied: of that one's own
   * chunks this reader keeps none, so they may be lent.
   */
  readonly borrowsFor?: object | undefined
}

/** A hold on a source that pushes. It begins paused. */
export interface Feed {
  /** Nothing more is given until {@link resume}: also from within `onItem`. Idempotent. */
  pause(): void
  /** May give items before it returns. */
  resume(): void
  /** Lets the source go without waiting for it; the reader hears nothing more. Idempotent. */
  release(): void
}

/** A source that can push. */
export interface Feeding<T> {
  /**
   * @returns undefined where somebody has begun to pull it.
   * @throws {@link ConnectionBusyError} where it is a connection's and that has another reader.
   */
  [FEED](reader: PushedReader<T>): Feed | undefined
}

/** An iterator that can be asked for what is there. */
export interface Ready<T> {
  /** @returns undefined where `next()` would have to wait, or would tell the end or a failure. */
  [NOW](): IteratorResult<T, undefined> | undefined
}

/**
 * Reads a source of any kind by being pushed to: one of ours pushes by itself, any other is pulled item by item, and only
 * while it is not paused.
 *
 * @throws what asking the source for its iterator throws.
 */
export function feed<T>(source: AsyncIterable<T> | Iterable<T>, reader: PushedReader<T>): Feed {
  return (source as Partial<Feeding<T>>)[FEED]?.(reader) ?? new PulledFeed(source, reader)
}

/** What may be kept of an item that was lent. */
export function own<T>(item: T): T {
  return item instanceof Uint8Array ? (Buffer.from(item) as Uint8Array as T) : item
}

/** The iterator of a source of either kind. */
export function iterate<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** Lets an iterator go without waiting for it, whatever it does. */
export function letGo(iterator: AsyncIterator<unknown> | Iterator<unknown>): void {
  try {
    void ignoreRejection(Promise.resolve(iterator.return?.()))
  } catch {
    // Its own affair: who lets it go has something else to tell.
  }
}

/** Lets a source go that nobody has begun to read: a transform among them has opened its plugin all the same. */
export function letGoUnread(source: AsyncIterable<unknown> | Iterable<unknown>): void {
  try {
    letGo(iterate(source))
  } catch {
    // As above.
  }
}

/** Pulls a source that is not ours. */
class PulledFeed<T> implements Feed {
  readonly #iterator: AsyncIterator<T> | Iterator<T>
  readonly #reader: PushedReader<T>
  readonly #waits: boolean
  #flowing = false
  #pulling = false
  #over = false
  /** What was on its way when the reader paused. */
  #kept: IteratorResult<T> | undefined

  constructor(source: AsyncIterable<T> | Iterable<T>, reader: PushedReader<T>) {
    this.#iterator = iterate(source)
    this.#reader = reader
    this.#waits = Symbol.asyncIterator in source
  }

  pause(): void {
    this.#flowing = false
  }

  resume(): void {
    this.#flowing = true
    if (!this.#pulling) void this.#pull()
  }

  release(): void {
    if (this.#over) return
    this.#over = true
    this.#kept = undefined
    letGo(this.#iterator)
  }

  async #pull(): Promise<void> {
    this.#pulling = true
    while (this.#flowing && !this.#over) {
      try {
        this.#kept ??= this.#waits ? await this.#iterator.next() : (this.#iterator.next() as IteratorResult<T>)
      } catch (error) {
        this.#fail(error)
        break
      }
      if (this.#flowing) this.#give(this.#kept)
    }
    this.#pulling = false
  }

  #give(result: IteratorResult<T>): void {
    if (this.#over) return
    this.#kept = undefined
    if (!result.done) return this.#reader.onItem(result.value)
    this.#over = true
    this.#reader.onEnd()
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#reader.onError(error as Error)
  }
}
