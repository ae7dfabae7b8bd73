import { constants } from 'node:os'
import { BasePort } from './base-port.ts'
import { type Poller, READABLE, WRITABLE } from './poller.ts'
import type { PortEvents } from './stream-port.ts'
import { systemError } from './system-error.ts'
import { GATHER_BYTES, lengthOf, WriteQueue } from './write-queue.ts'

/** Bytes of one system call at most, where a slow peer has left that much waiting. */
const MOST_AT_ONCE = 1024 * 1024

/** The half of a port on the native driver that writes. A part of the port and no object of its own, which each connection would carry. */
export abstract class NativeOutput extends BasePort {
  protected readonly poller: Poller
  protected readonly descriptor: number
  /** What the poller watches it for. */
  protected watched: number = READABLE
  /** What the kernel had no room for. */
  #unsent: WriteQueue | undefined

  constructor(poller: Poller, descriptor: number, events: PortEvents) {
    super(events)
    this.poller = poller
    this.descriptor = descriptor
  }

  get queuedBytes(): number {
    return this.#unsent?.bytes ?? (this.broken ? 1 : 0)
  }

  send(chunks: Uint8Array[], bytes: number): void {
    if (this.broken || this.released) return
    if (this.#unsent) return this.#unsent.push(this.#owned(chunks, 0), bytes)
    const sent = this.#write(chunks, bytes)
    if (sent === bytes) return
    if (sent < 0) return this.#onWriteError(sent)
    this.#unsent = new WriteQueue(MOST_AT_ONCE)
    this.#unsent.push(this.#owned(chunks, sent), bytes - sent)
    this.watch(this.watched | WRITABLE)
  }

  end(): void {
    this.ending = true
    // A connection that is broken already has no output to end.
    this.poller.shutdown(this.descriptor)
    // In a turn of its own, as libuv would tell it: by then promises have told what they have to tell of the same turn.
    setImmediate(() => this.endOutput())
  }

  /** There is room again. */
  protected sendOn(): void {
    const unsent = this.#unsent
    if (unsent === undefined) return
    while (unsent.bytes > 0) {
      const chunks = unsent.peek()
      const bytes = lengthOf(chunks)
      // Its memory was given to another thread: there is always room for nothing, and the peer would take what it got for the whole.
      if (bytes === 0) return this.#onWriteError(-constants.errno.EFAULT)
      const sent = this.#write(chunks, bytes)
      if (sent < 0) return this.#onWriteError(sent)
      if (sent === 0) return
      unsent.drop(sent)
    }
    this.#unsent = undefined
    this.watch(this.watched & READABLE)
    this.events.onSent()
  }

  protected watch(events: number): void {
    if (events === this.watched) return
    const status = this.poller.watch(this.descriptor, events, this.watched !== 0)
    this.watched = events
    // A system that has no memory for it: nothing more would ever be heard of this connection.
    if (status < 0) process.nextTick(() => this.fail(systemError(status, 'epoll_ctl')))
  }

  protected release(): void {
    this.released = true
    this.#unsent = undefined
  }

  /** @returns how many bytes the kernel took; the system's error. */
  #write(chunks: Uint8Array[], bytes: number): number {
    const { poller, descriptor } = this
    if (chunks.length === 1) return poller.write(descriptor, chunks[0] as Uint8Array)
    if (bytes >= chunks.length * GATHER_BYTES) return poller.writeAll(descriptor, chunks)
    return poller.write(descriptor, Buffer.concat(chunks, bytes))
  }

  /** The chunks without their first bytes, in memory that stays as it is: the poller's will be overwritten. */
  #owned(chunks: readonly Uint8Array[], from: number): Uint8Array[] {
    const owned: Uint8Array[] = []
    let skipped = 0
    for (const chunk of chunks) {
      const start = Math.max(0, from - skipped)
      skipped += chunk.length
      if (start >= chunk.length) continue
      const rest = chunk.subarray(start)
      owned.push(rest.buffer === this.poller.memory.buffer ? Buffer.from(rest) : rest)
    }
    return owned
  }

  #onWriteError(status: number): void {
    this.#unsent = undefined
    this.watch(this.watched & READABLE)
    this.break(status)
  }
}
