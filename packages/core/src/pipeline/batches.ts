import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { iterate, letGo, NOW, type Ready } from '../connection/feed.ts'
import { iterateStage } from './returned.ts'
import { sizeOf } from './size-of.ts'
import type { AsyncStage } from './stage.ts'

/** Of one batch in bytes, where no server's `highWaterMark` bounds it. */
export const LARGEST_BATCH = 256 * 1024

/** Under this a stage made by {@link inBatches} has the function that was given. */
const BATCHES: unique symbol = Symbol('millrace.batches')

/** An asynchronous stage over everything that waits at once; see {@link inBatches}. */
export type BatchStage<In, Out> = (source: AsyncIterable<readonly In[]>) => AsyncIterable<Iterable<Out>>

interface Batched extends AsyncStage<unknown, unknown> {
  readonly [BATCHES]?: BatchStage<unknown, unknown>
}

/**
 * An asynchronous stage that takes what waits as one array, and gives iterables of items: it pays for its promises once a read
 * rather than once an item, which for small items is most of their cost.
 *
 * A batch holds one item or more, in order, and is never waited for: it is what had arrived when the stage asked. In bytes it is
 * at most what may wait before a stage, the `highWaterMark` (256 KiB for a transform or an operator), and one item. On a datagram connection it is the items of one
 * datagram. What is yielded goes on item by item, in order.
 *
 * @param stage - an async generator; it may keep the arrays, and the items in them as any stage may.
 * @param options - `spansDatagrams` as in {@link AsyncStage}, default false.
 * @throws {@link InvalidOptionError} for what is no function.
 *
 * @example
 * const stored = inBatches<Reading, Reading>(async function* (batches) {
 *   for await (const batch of batches) {
 *     await database.insert(batch)
 *     yield batch
 *   }
 * })
 */
export function inBatches<In, Out>(
  stage: BatchStage<In, Out>,
  { spansDatagrams = false }: Pick<AsyncStage<In, Out>, 'spansDatagrams'> = {},
): AsyncStage<In, Out> {
  if (typeof stage !== 'function') throw new InvalidOptionError('inBatches', 'a function', stage)
  const itemByItem = async function* (source: AsyncIterable<In>): AsyncGenerator<Out> {
    for await (const items of stage(new Batches(source, 1))) yield* items
  }
  return Object.assign(itemByItem, { [BATCHES]: stage, spansDatagrams })
}

/**
 * Starts an asynchronous stage, one in batches as such. What its iterator gives goes to {@link handOn}.
 *
 * @param most - of one batch, in bytes.
 * @throws what the stage throws, and TypeError where it is no generator.
 */
export function startStage(
  stage: AsyncStage<unknown, unknown>,
  source: AsyncIterable<unknown>,
  most: number,
): AsyncIterator<unknown> {
  const batched = (stage as Batched)[BATCHES]
  if (batched === undefined) return iterateStage(stage, source)
  return iterateStage(batched as AsyncStage<unknown, unknown>, new Batches(source, most))
}

/** Gives on what a stage yielded: one item, or those of a batch. */
export function handOn(stage: AsyncStage<unknown, unknown>, yielded: unknown, to: (item: unknown) => void): void {
  if ((stage as Batched)[BATCHES] === undefined) to(yielded)
  else for (const item of yielded as Iterable<unknown>) to(item)
}

/** What is there of a source, at each `next()`: an item that is waited for, and those behind it that are not. */
class Batches<T> implements AsyncIterableIterator<readonly T[]> {
  readonly #source: AsyncIterable<T>
  readonly #most: number
  #items: (AsyncIterator<T> & Partial<Ready<T>>) | undefined

  constructor(source: AsyncIterable<T>, most: number) {
    this.#source = source
    this.#most = most
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<readonly T[], undefined>> {
    this.#items ??= iterate(this.#source) as AsyncIterator<T> & Partial<Ready<T>>
    const first = await this.#items.next()
    if (first.done) return { done: true, value: undefined }
    const batch = [first.value]
    let bytes = sizeOf(first.value)
    while (bytes < this.#most) {
      const more = this.#items[NOW]?.()
      if (more === undefined) break
      batch.push(more.value as T)
      bytes += sizeOf(more.value)
    }
    return { done: false, value: batch }
  }

  async return(): Promise<IteratorResult<readonly T[], undefined>> {
    if (this.#items) letGo(this.#items)
    return { done: true, value: undefined }
  }
}
