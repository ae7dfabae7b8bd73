import type { Clock } from '@millrace/core'
import { sizeOfItem } from './item-size.ts'
import { TokenBucket } from './token-bucket.ts'

/** What a rate is made from: at least one of the two. */
export interface RateOptions {
  /** Per second. */
  readonly bytes?: number
  /** Items per second. */
  readonly messages?: number
  /** In ms: so much time's worth may come at once. */
  readonly burst: number
}

/** Bytes and items per second, of one connection or of several together. */
export class Rate {
  readonly #bytes: TokenBucket | undefined
  readonly #messages: TokenBucket | undefined

  constructor({ bytes, messages, burst }: RateOptions, clock: Clock) {
    const bucket = (perSecond: number): TokenBucket => new TokenBucket(perSecond, (perSecond * burst) / 1_000, clock)
    if (bytes !== undefined) this.#bytes = bucket(bytes)
    if (messages !== undefined) this.#messages = bucket(messages)
  }

  /** Takes an item where all of it is within the rate. @returns whether it was. */
  takeWhole(item: unknown): boolean {
    const size = sizeOfItem(item)
    if (this.#bytes?.has(size) === false || this.#messages?.has(1) === false) return false
    this.#take(size)
    return true
  }

  /** Takes an item unless something is owed; one that is larger than what is left makes a debt. @returns whether it did. */
  takeOwing(item: unknown): boolean {
    if (this.wait > 0) return false
    this.#take(sizeOfItem(item))
    return true
  }

  /** In ms: how long until an item may be taken; 0 where one may be now. */
  get wait(): number {
    return Math.max(this.#bytes?.wait(1) ?? 0, this.#messages?.wait(1) ?? 0)
  }

  #take(size: number): void {
    this.#bytes?.take(size)
    this.#messages?.take(1)
  }
}
