import type { Socket } from 'node:net'
import { NativeOutput } from './native-output.ts'
import { AGAIN, type Poller, READABLE, type ReadyListener, WRITABLE } from './poller.ts'
import { copyOf, SMALL } from './read-buffers.ts'
import { ReadSlab } from './read-slab.ts'
import { socketOn } from './socket-of.ts'
import type { PortEvents, StreamPort } from './stream-port.ts'
import { systemError } from './system-error.ts'

/** Bytes of one read that are copied for a reader who may keep them; where there were many, the next read is into memory of its own. */
const COPIED_READ = 64 * 1024

const slab = new ReadSlab()

/**
 * A port on a socket of the native driver, by its descriptor: no object of Node's or libuv's stands behind it.
 *
 * All connections are read into the poller's memory. Where the events borrow, that is what they are given, and what of it is neither
 * written nor read by the time they return is copied then; else it is copied first, or, of bulk, read into memory that is given away.
 */
export class NativePort extends NativeOutput implements StreamPort, ReadyListener {
  /** What came while nobody read. Nothing more is read until it is given out. */
  #kept: Uint8Array | undefined
  /** The last read was of much. */
  #bulk = false

  /** @param descriptor - of a socket that the poller has accepted, and the port's alone from now on. */
  constructor(poller: Poller, descriptor: number, events: PortEvents) {
    super(poller, descriptor, events)
    poller.attach(descriptor, this)
  }

  get keeps(): boolean {
    return this.#kept !== undefined
  }

  reset(): void {
    // Behind a FIN all that was written is with the kernel, and on its way.
    this.#close(!this.ending)
  }

  destroy(): void {
    this.#close(false)
  }

  detach(): Socket {
    const kept = this.#kept
    this.release()
    this.poller.release(this.descriptor)
    const socket = socketOn(this.descriptor)
    if (kept) socket.unshift(kept)
    return socket
  }

  /** For {@link Poller}. */
  onReady(ready: number): void {
    if (ready !== WRITABLE) this.#onReadable()
    if (ready & WRITABLE && !this.released) this.sendOn()
  }

  #close(resets: boolean): void {
    if (this.released) return
    this.release()
    this.poller.close(this.descriptor, resets)
    setImmediate(() => this.onClosed())
  }

  #onReadable(): void {
    // A write that has failed has taken the error that a read would have met: what it would read looks like an end.
    if (this.broken) return
    if (this.#kept === undefined && !this.inputEnded) this.#read()
    // The connection has broken, and nobody reads: whoever does, or writes, will be told.
    else this.watch(this.watched & WRITABLE)
  }

  #read(): void {
    const { poller, descriptor } = this
    if (this.flowing && this.events.borrows) {
      const length = poller.read(descriptor)
      if (length > 0) this.#lend(length)
      else this.#onNothing(length)
      return
    }
    const length = this.#bulk ? poller.readInto(descriptor, slab.room()) : poller.read(descriptor, COPIED_READ)
    if (length > 0) this.#deliver(this.#own(length))
    else this.#onNothing(length)
  }

  /** @param status - of a read that brought nothing. */
  #onNothing(status: number): void {
    if (status === 0) this.endInput()
    else if (status !== AGAIN) this.fail(systemError(status, 'read'))
  }

  #lend(length: number): void {
    try {
      this.events.onData(this.poller.head(length))
    } finally {
      this.events.ownInput()
    }
  }

  /** What was read, in memory that is its reader's. A little would pin more there than it holds. */
  #own(length: number): Uint8Array {
    const wasBulk = this.#bulk
    this.#bulk = length > SMALL
    if (wasBulk && this.#bulk) return slab.take(length)
    return copyOf(wasBulk ? slab.room() : this.poller.head(length), length)
  }

  #deliver(chunk: Uint8Array): void {
    if (this.flowing) return this.events.onData(chunk)
    this.#kept = chunk
    this.watch(this.watched & WRITABLE)
  }

  protected giveKept(): void {
    const kept = this.#kept
    if (kept === undefined || !this.flowing || this.released) return
    this.#kept = undefined
    this.events.onData(kept)
    if (!this.released) this.watch(this.watched | READABLE)
  }

  protected override endInput(): void {
    super.endInput()
    // An end is readable for ever.
    if (!this.released) this.watch(this.watched & WRITABLE)
  }

  protected override release(): void {
    super.release()
    this.#kept = undefined
  }
}
