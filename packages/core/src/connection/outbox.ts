import { ConnectionClosedError } from '../errors/connection-errors.ts'
import { ChunkJoiner } from './chunk-joiner.ts'
import type { Driver } from './driver.ts'
import { type Deferred, deferred, ignoreRejection } from './promises.ts'

/**
 * What was written and not yet handed to the driver. Everything of one turn, or of one read, goes out in one
 * {@link Driver.write}: a system call per chunk costs more than all the rest of a small message.
 */
export class Outbox {
  /** Bytes ever pushed. */
  accepted = 0
  #bytes = 0
  #corks = 0
  #scheduled = false
  #over = false
  #drained: Deferred<void> | undefined
  #whenEmpty: (() => void)[] | undefined
  /** What was pushed and not flushed; none where that is nothing. */
  #chunks: ChunkJoiner | undefined
  readonly #joins: boolean
  readonly #driver: Driver
  readonly #highWaterMark: number

  /** @param datagram - each chunk stays by itself. */
  constructor(driver: Driver, highWaterMark: number, datagram: boolean) {
    this.#joins = !datagram
    this.#driver = driver
    this.#highWaterMark = highWaterMark
  }

  /** Unsent bytes: those here and those the driver holds. */
  get level(): number {
    return this.#bytes + this.#driver.pendingBytes
  }

  /** Bytes that the driver has handed over; only grows. */
  get sent(): number {
    return this.accepted - this.level
  }

  get full(): boolean {
    return this.level >= this.#highWaterMark
  }

  /** @returns false at the high-water mark or over it. */
  push(chunk: Uint8Array): boolean {
    this.#chunks ??= spares.pop() ?? new ChunkJoiner()
    this.#chunks.push(chunk, this.#joins)
    this.#bytes += chunk.length
    this.accepted += chunk.length
    if (this.#corks === 0 && !this.#scheduled) {
      this.#scheduled = true
      process.nextTick(flushScheduled, this)
    }
    return !this.full
  }

  /** Holds writes back until the matching {@link uncork}. */
  cork(): void {
    this.#corks++
  }

  uncork(): void {
    if (--this.#corks === 0) this.flush()
  }

  /** What is pushed meanwhile goes out when the callback has returned. */
  batch(callback: () => void): void {
    this.cork()
    try {
      callback()
    } finally {
      this.uncork()
    }
  }

  flush(): void {
    this.#scheduled = false
    if (this.#chunks === undefined) return
    const chunks = this.#take(this.#chunks)
    const bytes = this.#bytes
    this.#bytes = 0
    this.#driver.write(chunks, bytes)
    if (this.#driver.pendingBytes === 0) this.onDrain()
  }

  flushUnlessCorked(): void {
    if (this.#corks === 0) this.flush()
    else this.#scheduled = false
  }

  /** Copies what is not flushed: what was lent of it will be overwritten. */
  own(): void {
    this.#chunks?.own()
  }

  /** The driver has handed everything over. */
  onDrain(): void {
    if (this.#chunks || this.#over) return
    this.#drained?.resolve()
    this.#drained = undefined
    const callbacks = this.#whenEmpty
    if (callbacks === undefined) return
    this.#whenEmpty = undefined
    for (const callback of callbacks) callback()
  }

  /** Resolves when nothing is left; rejects when the connection ends before. */
  drained(): Promise<void> {
    if (this.level === 0 && !this.#chunks) return Promise.resolve()
    this.#drained ??= deferred()
    return ignoreRejection(this.#drained.promise)
  }

  whenEmpty(callback: () => void): void {
    if (this.level === 0 && !this.#chunks) callback()
    else (this.#whenEmpty ??= []).push(callback)
  }

  #take(joiner: ChunkJoiner): Uint8Array[] {
    this.#chunks = undefined
    const chunks = joiner.take()
    if (spares.length < MOST_SPARES) spares.push(joiner)
    return chunks
  }

  /**
   * Drops what is queued: the connection is gone.
   *
   * @param error - left out where it ended cleanly.
   */
  fail(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    if (this.#chunks) this.#take(this.#chunks)
    this.#bytes = 0
    this.#whenEmpty = undefined
    this.#drained?.reject(error ?? new ConnectionClosedError())
    this.#drained = undefined
  }
}

/** Joiners that are empty: each is needed from a first push to the flush that follows within the turn, and then by another outbox. */
const spares: ChunkJoiner[] = []
const MOST_SPARES = 64

function flushScheduled(outbox: Outbox): void {
  outbox.flushUnlessCorked()
}
