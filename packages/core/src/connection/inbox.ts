import { ConnectionBusyError, ConnectionClosedError } from '../errors/connection-errors.ts'
import { ItemQueue } from './item-queue.ts'
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
  /** Made when something first has to wait: where readers are pushed to, nothing ever does. */
  #queue: ItemQueue<T> | undefined
  #reader: Reader<T> | undefined
  #paused = false
  #flowing = false
  #delivering = false
  #ending: 'no' | 'ended' | 'failed' = 'no'
  #failure: Error | undefined
  #flow: Flow
  readonly #limit: number
  readonly #sizeOf: (item: T) => number

  constructor(flow: Flow, limit: number, sizeOf: (item: T) => number) {
    this.#flow = flow
    this.#limit = limit
    this.#sizeOf = sizeOf
  }

  /** Items that wait. */
  get length(): number {
    return this.#queue === undefined ? 0 : this.#queue.length
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#queue === undefined ? 0 : this.#queue.bytes
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

  /** Whether its source flows. */
  get flowing(): boolean {
    return this.#flowing
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
      if (this.length > 0 || this.over) this.#deliver()
      else this.#regulate()
      return
    }
    if (reader?.waiting && reader.onAwaited && !this.#delivering && this.length === 0) {
      reader.onAwaited(item)
      this.#regulate()
      return
    }
    this.#waiting.push(item)
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
    if (discard || atOnce) this.#queue = undefined
    if (atOnce) {
      this.#reader = undefined
      reader.onError(this.#reason())
    } else {
      this.#deliver()
    }
  }

  /** Puts an item in front of those that wait. */
  unread(item: T): void {
    this.#waiting.unshift(item)
    this.#deliver()
  }

  /** Puts something else in the place of each item that waits, of the same size. */
  replace(by: (item: T) => T): void {
    this.#queue?.replace(by)
  }

  /** From now on its source is held back through another flow, which takes over as things stand. */
  reroute(flow: Flow): void {
    this.#flow = flow
  }

  /** @throws {@link ConnectionBusyError} while another reader has it. */
  claim(reader: Reader<T>): Lease<T> {
    this.attach(reader)
    return new InboxLease(this, reader)
  }

  /**
   * As {@link claim}, for a reader that does by the methods below what it would do by its lease: where it does not have the inbox, they
   * have no effect.
   *
   * @throws {@link ConnectionBusyError} while another reader has it.
   */
  attach(reader: Reader<T>): void {
    if (this.#reader !== undefined) throw new ConnectionBusyError()
    this.#reader = reader
    this.#paused = false
  }

  pauseFor(reader: Reader<T>): void {
    if (this.#reader !== reader) return
    this.#paused = true
    this.#regulate()
  }

  resumeFor(reader: Reader<T>): void {
    if (this.#reader !== reader || !this.#paused) return
    this.#paused = false
    this.#deliver()
  }

  takeFor(reader: Reader<T>): T | undefined {
    if (this.#reader !== reader) return undefined
    if (this.length > 0) return this.#take()
    if (this.over) this.#finish(reader)
    return undefined
  }

  releaseFor(reader: Reader<T>): void {
    if (this.#reader !== reader) return
    this.#reader = undefined
    this.#regulate()
  }

  /** Begins delivery to a reader that has just claimed: separate, so that the reader holds its lease by then. */
  start(): void {
    this.#deliver()
  }

  get #waiting(): ItemQueue<T> {
    return (this.#queue ??= new ItemQueue(this.#sizeOf))
  }

  #take(): T {
    const item = this.#waiting.shift()
    this.#regulate()
    return item
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.#reader?.onItem && !this.#paused && this.length > 0) {
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

  #regulate(): void {
    if (this.#delivering) return
    // Half the limit to start again, so that a reader near the limit does not switch the source at every item.
    const room = this.#flowing ? this.bytes < this.#limit : this.bytes <= this.#limit / 2
    const wanted = this.#reader !== undefined && !this.#paused && this.#ending === 'no' && room
    if (wanted === this.#flowing) return
    this.#flowing = wanted
    if (wanted) this.#flow.resume()
    else this.#flow.pause()
  }
}
