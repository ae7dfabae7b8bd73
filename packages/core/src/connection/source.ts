import { ConnectionBusyError } from '../errors/connection-errors.ts'
import type { ConnectionInfo } from './connection.ts'
import { type Feed, FEED, type Feeding, NOW, type PushedReader, type Ready } from './feed.ts'
import type { Inbox } from './inbox.ts'
import type { Lease, Reader } from './lease.ts'

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: Error): void
}

/**
 * One iteration over an inbox. Written by hand and not as a generator, because the `return()` of a generator waits behind a
 * pending `next()`, and an idle peer would hold it for ever.
 */
export class InboxIterator<T> implements AsyncIterableIterator<T>, Reader<T>, Ready<T> {
  readonly #inbox: Inbox<T>
  #lease: Lease<T> | undefined
  /** Kept no longer than it is pending: it would keep the item that it was resolved with. */
  #pending: Waiting<T> | undefined
  #done = false
  #failure: Error | undefined

  constructor(inbox: Inbox<T>) {
    this.#inbox = inbox
  }

  get waiting(): boolean {
    return this.#pending !== undefined
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#pending) return Promise.reject(new ConnectionBusyError('next() was called while another next() is pending'))
    if (!this.#done && this.#lease === undefined) {
      try {
        this.#lease = this.#inbox.claim(this)
      } catch (error) {
        return Promise.reject(error as Error)
      }
      this.#inbox.start()
    }
    const result = this[NOW]()
    if (result) return Promise.resolve(result)
    // Where nothing waits, it is what tells the end.
    if (!this.#done) this.#lease?.take()
    if (this.#failure) return Promise.reject(this.#takeFailure() as Error)
    if (this.#done) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
    })
  }

  [NOW](): IteratorResult<T, undefined> | undefined {
    if (this.#done || this.#lease === undefined || this.#pending || this.#inbox.length === 0) return undefined
    return { done: false, value: this.#lease.take() as T }
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#done = true
    this.#failure = undefined
    this.#lease?.release()
    this.#settle()
    return Promise.resolve({ done: true, value: undefined })
  }

  onAwaited(item: T): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.resolve({ done: false, value: item })
  }

  onReadable(): void {
    if (this.#pending && this.#lease) this.onAwaited(this.#lease.take() as T)
  }

  onEnd(): void {
    this.#done = true
    this.#settle()
  }

  onError(error: Error): void {
    this.#done = true
    this.#failure = error
    this.#settle()
  }

  // An error is thrown once; after it the iteration is done, as with a generator.
  #takeFailure(): Error | undefined {
    const failure = this.#failure
    this.#failure = undefined
    return failure
  }

  #settle(): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    const failure = this.#takeFailure()
    if (failure) pending.reject(failure)
    else pending.resolve({ done: true, value: undefined })
  }
}

/** The items of an inbox, pulled or pushed. An iteration claims the inbox at its first `next()`, a feed at once. */
export function createSource<T>(inbox: Inbox<T>): AsyncIterable<T> & Feeding<T> {
  return { [Symbol.asyncIterator]: () => new InboxIterator(inbox), [FEED]: (reader) => feedFrom(inbox, reader) }
}

/** @throws {@link ConnectionBusyError} */
export function feedFrom<T>(inbox: Inbox<T>, reader: PushedReader<T>): Feed {
  const lease = inbox.claim(reader)
  lease.pause()
  return lease
}

/** Under this an iterable says whose items it gives. */
export const CONNECTION: unique symbol = Symbol('millrace.connection')

interface Tagged {
  readonly [CONNECTION]?: ConnectionInfo
}

/** Notes whose items an iterable gives, for the transforms that read it: their errors can then name the peer. */
export function tagWithConnection<T extends object>(iterable: T, connection: ConnectionInfo): T {
  Object.defineProperty(iterable, CONNECTION, { value: connection })
  return iterable
}

/** Whose items an iterable gives, where that is known. */
export function connectionOf(iterable: object): ConnectionInfo | undefined {
  return (iterable as Tagged)[CONNECTION]
}
