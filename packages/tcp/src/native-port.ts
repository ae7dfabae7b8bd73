import { Socket } from 'node:net'
import { NativeOutput } from './native-output.ts'
import { AGAIN, type Poller, READABLE, type ReadyListener, WRITABLE } from './poller.ts'
import { copyOf, GivenMemory, SMALL } from './read-buffers.ts'
import { silence, type Talker } from './silence.ts'
import { NOBODY, type PortEvents, type StreamPort } from './stream-port.ts'
import { systemError } from './system-error.ts'

/** Bytes of one read whose reader may keep them: they are copied, or read into memory of that size. */
const KEPT_READ = 64 * 1024
/** Looks after which the memory of a bulk connection is let go. */
const PATIENCE = 2

/**
 * A port on a socket of the native driver, by its descriptor: no object of Node's or libuv's stands behind it.
 *
 * All connections are read into the poller's memory. Where the events borrow, that is what they are given, and what of it is neither
 * written nor read by the time they return is copied then; else it is copied first, or, of bulk, read into memory that is given away with it.
 */
export class NativePort extends NativeOutput implements StreamPort, ReadyListener, Talker {
  inputEnded = false
  #flowing = false
  /** What came while nobody read. Nothing more is read until it is given out. */
  #kept: Uint8Array | undefined
  #given: GivenMemory | undefined

  /** @param descriptor - of a socket that the poller has accepted, and the port's alone from now on. */
  constructor(poller: Poller, descriptor: number, events: PortEvents) {
    super(poller, descriptor, events)
    poller.attach(descriptor, this)
  }

  get keeps(): boolean {
    return this.#kept !== undefined
  }

  resume(): void {
    if (this.#flowing) return
    this.#flowing = true
    // In a turn of its own, as it would have come.
    if (this.#kept) process.nextTick(() => this.#giveKept())
  }

  pause(): void {
    this.#flowing = false
  }

  reset(): void {
    if (this.released) return
    // Behind a FIN all that was written is with the kernel, and on its way.
    const resets = !this.ending
    this.release()
    this.poller.close(this.descriptor, resets)
    setImmediate(() => this.#onClosed())
  }

  destroy(): void {
    if (this.released) return
    this.release()
    this.poller.close(this.descriptor, false)
    setImmediate(() => this.#onClosed())
  }

  detach(): Socket {
    const kept = this.#kept
    this.release()
    this.poller.release(this.descriptor, this.watched !== 0)
    const socket = new Socket({ fd: this.descriptor, allowHalfOpen: true })
    if (kept) socket.unshift(kept)
    return socket
  }

  /** For {@link Poller}. */
  onReady(ready: number): void {
    if (ready !== WRITABLE) this.#onReadable()
    if (ready & WRITABLE && !this.released) this.sendOn()
  }

  #onReadable(): void {
    // A write that has failed has taken the error that a read would have met: what it would read looks like an end.
    if (this.broken) return
    if (this.#kept === undefined && !this.inputEnded) this.#read()
    // The connection has broken, and nobody reads: whoever does, or writes, will be told.
    else this.watch(this.watched & WRITABLE)
  }

  /** For {@link Silence}. */
  look(): boolean {
    const given = this.#given
    if (given === undefined) return false
    if (++given.silentFor < PATIENCE) return true
    this.#given = undefined
    return false
  }

  #read(): void {
    if (this.#flowing && this.events.borrows) return this.#onRead(this.poller.read(this.descriptor), true)
    const { memory } = this.#given ?? {}
    if (memory) this.#onRead(this.poller.readInto(this.descriptor, memory), false)
    else this.#onRead(this.poller.read(this.descriptor, KEPT_READ), false)
  }

  #onRead(length: number, borrowed: boolean): void {
    if (length > 0) {
      if (borrowed) this.#lend(length)
      else this.#deliver(this.#own(length))
    } else if (length === 0) {
      this.#endInput()
    } else if (length !== AGAIN) {
      this.fail(systemError(length, 'read'))
    }
  }

  #lend(length: number): void {
    try {
      this.events.onData(this.poller.head(length))
    } finally {
      this.events.ownInput()
    }
  }

  /** What was read, in memory that is its reader's. */
  #own(length: number): Uint8Array {
    const given = this.#given
    if (given) {
      const chunk = given.take(length)
      if (given.quiet) this.#endBulk()
      return chunk
    }
    if (length > SMALL && this.#flowing) {
      this.#given = new GivenMemory()
      silence.watch(this)
    }
    return copyOf(this.poller.head(length), length)
  }

  #deliver(chunk: Uint8Array): void {
    if (this.#flowing) return this.events.onData(chunk)
    this.#kept = chunk
    this.watch(this.watched & WRITABLE)
  }

  #giveKept(): void {
    const kept = this.#kept
    if (kept === undefined || !this.#flowing || this.released) return
    this.#kept = undefined
    this.events.onData(kept)
    if (!this.released) this.watch(this.watched | READABLE)
  }

  #endInput(): void {
    this.inputEnded = true
    this.events.onEnd()
    if (this.outputEnded) this.destroy()
    // Where it is open still: an end is readable for ever.
    else if (!this.released) this.watch(this.watched & WRITABLE)
  }

  protected fail(cause: Error): void {
    if (this.released) return
    this.events.onError(cause)
    this.destroy()
  }

  protected override release(): void {
    super.release()
    this.#kept = undefined
    this.#endBulk()
  }

  #endBulk(): void {
    if (this.#given === undefined) return
    this.#given = undefined
    silence.forget(this)
  }

  #onClosed(): void {
    const { events } = this
    this.events = NOBODY
    events.onClose()
  }
}
