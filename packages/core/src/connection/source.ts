import { ConnectionBusyError } from '../errors/connection-errors.ts'
import type { ConnectionInfo } from './connection.ts'
import type { Inbox, Lease, Reader } from './inbox.ts'

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: Error): void
}

/**
 * One iteration over an inbox. Written by hand and not as a generator, because the `return()` of a generator waits behind a
 * pending `next()`, and an idle peer would hold it for ever.
 */
class InboxIterator<T> implements AsyncIterableIterator<T>, Reader<T> {
  readonly #inbox: Inbox<T>
  #lease: Lease<T> | undefined
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
    try {
      return this.#next()
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#pending) throw new ConnectionBusyError('next() was called while another next() is pending')
    if (!this.#done && this.#lease === undefined) {
      this.#lease = this.#inbox.claim(this)
      this.#inbox.start()
    }
    const item = this.#done ? undefined : this.#lease?.take()
    if (item !== undefined) return Promise.resolve({ done: false, value: item })
    if (this.#failure) return Promise.reject(this.#takeFailure() as Error)
    if (this.#done) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
    })
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#done = true
    this.#failure = undefined
    this.#lease?.release()
    this.#settle()
    return Promise.resolve({ done: true, value: undefined })
  }

  onReadable(): void {
    if (this.#pending === undefined) return
    const item = this.#lease?.take()
    if (item === undefined) return
    const { resolve } = this.#pending
    this.#pending = undefined
    resolve({ done: false, value: item })
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
    const waiting = this.#pending
    if (waiting === undefined) return
    this.#pending = undefined
    const failure = this.#takeFailure()
    if (failure) waiting.reject(failure)
    else waiting.resolve({ done: true, value: undefined })
  }
}

/** The items of an inbox to pull. Each iteration claims the inbox at its first `next()`. */
export function createSource<T>(inbox: Inbox<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new InboxIterator(inbox) }
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
