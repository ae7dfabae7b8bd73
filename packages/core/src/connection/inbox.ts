import { ConnectionBusyError, ConnectionClosedError } from '../errors/connection-errors.ts'
import { InboxLease, type Lease, type Reader } from './lease.ts'

/** How an inbox holds its source back. */
export interface Flow {
  pause(): void
  resume(): void
  /** A reader has learnt of a failure. @param pulls - it pulls, so that its code will run in a later turn. */
  onTold?(pulls: boolean): void
}

/**
 * What has arrived and is not read yet, with one reader at a time: either pushed to (no queue in between) or pulling. It asks
 * its source to flow only while a reader wants items and fewer than `limit` bytes wait.
 */
export class Inbox<T> {
  #items: T[] = []
  #head = 0
  #bytes = 0
  #reader: Reader<T> | undefined
  #paused = false
  #flowing = false
  #delivering = false
  #ending: 'no' | 'ended' | 'failed' = 'no'
  #failure: Error | undefined
  readonly #flow: Flow
  readonly #limit: number
  readonly #sizeOf: (item: T) => number

  constructor(flow: Flow, limit: number, sizeOf: (item: T) => number) {
    this.#flow = flow
    this.#limit = limit
    this.#sizeOf = sizeOf
  }

  /** Items that wait. */
  get length(): number {
    return this.#items.length - this.#head
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  get claimed(): boolean {
    return this.#reader !== undefined
  }

  /** Whether a reader would have an item at once if one came. */
  get awaited(): boolean {
    const reader = this.#reader
    if (reader === undefined) return false
    return reader.onItem ? !this.#paused && !this.#delivering : (reader.waiting ?? false)
  }

  /** Whether end or failure has come in. */
  get over(): boolean {
    return this.#ending !== 'no'
  }

  push(item: T): void {
    if (this.#ending !== 'no') return
    const reader = this.#reader
    if (reader?.onItem && !this.#paused && !this.#delivering && this.length === 0) {
      this.#delivering = true
      reader.onItem(item)
      this.#delivering = false
      // Something may have been given back, or have come in, meanwhile.
      if (this.#head < this.#items.length || this.over) this.#deliver()
      else this.#regulate()
      return
    }
    if (reader?.waiting && reader.onAwaited && !this.#delivering && this.length === 0) {
      reader.onAwaited(item)
      this.#regulate()
      return
    }
    this.#items.push(item)
    this.#bytes += this.#sizeOf(item)
    if (reader !== undefined && !this.#delivering) reader.onReadable?.()
    this.#regulate()
  }

  /** The source has ended; readers learn it after the last item. */
  end(): void {
    if (this.#ending !== 'no') return
    this.#ending = 'ended'
    this.#deliver()
  }

  /**
   * The source has ended in an error, which is told as an end is: to every reader after the last item, and to one that pulls when
   * it asks for more.
   */
  endWith(error: Error): void {
    if (this.#ending !== 'no') return
    this.#failure = error
    this.end()
  }

  /**
   * The source has broken, or was closed. A pushed-to reader learns it at once, one that pulls, or is in order, after what waits.
   *
   * @param error - left out where this side has closed it: a {@link ConnectionClosedError} is made where somebody is told.
   * @param discard - drop what waits, for those too.
   */
  fail(error: Error | undefined, discard: boolean): void {
    if (this.#ending === 'failed' || (this.#ending === 'ended' && this.#staysEnded(error, discard))) return
    this.#ending = 'failed'
    this.#failure = error
    const reader = this.#reader
    const atOnce = reader?.onItem && !reader.inOrder
    if (discard || atOnce) this.#clear()
    if (atOnce) {
      this.#reader = undefined
      reader.onError(this.#reason())
    } else {
      this.#deliver()
    }
  }

  /** Puts an item in front of those that wait. */
  unread(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item
    else this.#items.unshift(item)
    this.#bytes += this.#sizeOf(item)
    this.#deliver()
  }

  /** Puts something else in the place of each item that waits, of the same size. */
  replace(by: (item: T) => T): void {
    for (let i = this.#head; i < this.#items.length; i++) this.#items[i] = by(this.#items[i] as T)
  }

  /** @throws {@link ConnectionBusyError} while another reader has it. */
  claim(reader: Reader<T>): Lease<T> {
    if (this.#reader !== undefined) throw new ConnectionBusyError()
    this.#reader = reader
    this.#paused = false
    return new InboxLease(this, reader)
  }

  /** For a lease: whether its reader has the inbox. */
  isReadBy(reader: Reader<T>): boolean {
    return this.#reader === reader
  }

  /** For a lease. */
  hold(): void {
    this.#paused = true
    this.#regulate()
  }

  /** For a lease. */
  unhold(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deliver()
  }

  /** For a lease. */
  takeFor(reader: Reader<T>): T | undefined {
    if (this.length > 0) return this.#take()
    if (this.over) this.#finish(reader)
    return undefined
  }

  /** For a lease. */
  release(): void {
    this.#reader = undefined
    this.#regulate()
  }

  /** Begins delivery to a reader that has just claimed: separate, so that the reader holds its lease by then. */
  start(): void {
    this.#deliver()
  }

  #take(): T {
    const item = this.#items[this.#head] as T
    this.#items[this.#head++] = undefined as T
    if (this.#head === this.#items.length) {
      // Cutting an array to nothing costs more than a new one, and both more than taking out the one item there mostly is.
      if (this.#head === 1) this.#items.pop()
      else this.#items = []
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#items.splice(0, this.#head)
      this.#head = 0
    }
    this.#bytes -= this.#sizeOf(item)
    this.#regulate()
    return item
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.#reader?.onItem && !this.#paused && this.#head < this.#items.length) {
      this.#reader.onItem(this.#take())
    }
    this.#delivering = false
    const reader = this.#reader
    if (reader && !reader.onItem && this.length > 0) reader.onReadable?.()
    else if (reader && !this.#paused && this.length === 0 && this.#isDue(reader)) this.#finish(reader)
    this.#regulate()
  }

  /** Whether the end, where it has come, is to be told now. */
  #isDue(reader: Reader<T>): boolean {
    if (this.#ending !== 'ended' || this.#failure === undefined) return this.#ending !== 'no'
    return reader.onItem !== undefined || (reader.waiting ?? false)
  }

  /** Whether a failure changes nothing any more about the end that has come in. */
  #staysEnded(error: Error | undefined, discard: boolean): boolean {
    return this.#failure === undefined ? this.length === 0 : error === this.#failure && !discard
  }

  #finish(reader: Reader<T>): void {
    this.#reader = undefined
    if (this.#ending === 'ended' && this.#failure === undefined) return reader.onEnd()
    reader.onError(this.#reason())
    this.#flow.onTold?.(reader.onItem === undefined)
  }

  /** The same for all that are told. An error costs more than all else in the end of a connection. */
  #reason(): Error {
    return (this.#failure ??= new ConnectionClosedError())
  }

  #clear(): void {
    this.#items = []
    this.#head = 0
    this.#bytes = 0
  }

  #regulate(): void {
    if (this.#delivering) return
    // Half the limit to start again, so that a reader near the limit does not switch the source at every item.
    const room = this.#flowing ? this.#bytes < this.#limit : this.#bytes <= this.#limit / 2
    const wanted = this.#reader !== undefined && !this.#paused && this.#ending === 'no' && room
    if (wanted === this.#flowing) return
    this.#flowing = wanted
    if (wanted) this.#flow.resume()
    else this.#flow.pause()
  }
}
