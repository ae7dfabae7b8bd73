import type { Socket } from 'node:net'
import { resetBehindEnd } from './descriptor.ts'
import { HandleOutput } from './handle-output.ts'
import { LentRecords } from './lent-records.ts'
import { copyOf, forgetCopy, GivenMemory, headOfShared, QUIET, RECORD, SHARED, SMALL } from './read-buffers.ts'
import { silence, type Talker } from './silence.ts'
import type { StreamBinding, StreamHandle } from './stream-binding.ts'
import { socketOf } from './socket-of.ts'
import type { PortEvents, StreamPort } from './stream-port.ts'
import { systemError } from './system-error.ts'

/** What libuv tells for the end of input: the same number on every system. */
const UV_EOF = -4095

/**
 * A port on the handle that Node's `Socket` stands on, for accepted connections: making a socket costs more than all else
 * in a short connection, and a `Readable` and a `Writable` keep five kilobytes for an idle one.
 *
 * All connections are read into one buffer. What comes is copied out where it is small or may be kept; bulk is lent where the
 * events borrow, and what of it is neither written nor read by the time they return is copied then. Bulk that may be kept is
 * read into memory that is given away with it.
 *
 * Over TLS a read is a record of 16 KiB at most, and those of one turn are written together at its end: there bulk is lent record by
 * record, in memory that the connection has to itself while it is busy.
 */
export class HandlePort extends HandleOutput implements StreamPort, Talker {
  #given: GivenMemory | undefined
  #records: LentRecords | undefined
  /** Seconds of silence after which the memory for bulk is let go. */
  #patience = 2
  /** What came while nobody read: one chunk, but over TLS all the records of one read, and the end behind them. */
  #kept: Uint8Array[] | undefined
  #endKept = false

  /** @param handle - of a connected stream, and the port's alone from now on. */
  constructor(handle: StreamHandle, events: PortEvents, binding: StreamBinding) {
    super(handle, events, binding)
    // A bound function, which takes half the memory of a closure with its context.
    handle.onread = this.#onRead.bind(this)
    if (handle.onbreak) handle.onbreak = (cause) => this.fail(cause)
    handle.useUserBuffer(QUIET)
    this.#readStart()
  }

  reset(): void {
    this.unsent?.discard()
    const { reset } = this.handle
    // A handle whose FIN is on its way refuses a reset; by then all that was written is with the kernel.
    if (this.released || this.ending || !reset) this.destroy()
    else if (reset.call(this.handle, () => this.onClosed()) === 0) this.release()
    else this.destroy()
  }

  destroy(): void {
    if (this.released) return
    this.release()
    this.handle.close(() => this.onClosed())
  }

  get keeps(): boolean {
    return this.#kept !== undefined
  }

  detach(): Socket {
    const kept = this.#kept
    this.release()
    this.handle.readStop()
    const socket = socketOf(this.handle)
    if (kept) socket.unshift(Buffer.concat(kept))
    return socket
  }

  /**
   * For {@link Silence}. Telling a handle outside of a read where to read into leaves a listener behind in Node, of some 50
   * bytes, for as long as the connection lives: so each time the next one takes twice as long.
   */
  look(): boolean {
    const bulk = this.#given ?? this.#records
    if (bulk === undefined) return false
    if (++bulk.silentFor < this.#patience || (this.#records && this.events.holdsInput)) return true
    this.#patience *= 2
    this.#endBulk()
    this.handle.useUserBuffer(QUIET)
    return false
  }

  protected giveKept(): void {
    while (this.#kept && this.flowing && !this.released) {
      const chunk = this.#kept.shift() as Uint8Array
      if (this.#kept.length > 0) {
        this.events.onData(chunk)
      } else {
        // Nothing is kept any more, whatever its reader does.
        this.#kept = undefined
        this.events.onData(chunk)
        if (!this.released) this.#goOn()
      }
    }
  }

  #goOn(): void {
    if (this.#endKept) this.endInput()
    else this.#readStart()
  }

  #onRead(): Uint8Array | undefined {
    const { streamBaseState, kReadBytesOrError } = this.binding
    const length = streamBaseState[kReadBytesOrError] as number
    if (length > 0) return this.#onBytes(length)
    if (length < 0) this.#onReadEnd(length)
    return undefined
  }

  /** @returns what to read into from now on, where that is another. */
  #onBytes(length: number): Uint8Array | undefined {
    if (length === RECORD) this.gather()
    if (this.#given) return this.#onGiven(this.#given, length)
    const borrows = this.flowing && this.#kept === undefined && this.events.borrows
    if (this.#records) return this.#onRecord(this.#records, length, borrows)
    const overTls = this.handle.endError !== undefined
    if (length > SMALL && !overTls) return borrows ? this.#lend(length) : this.#beginGiven(length)
    const chunk = copyOf(SHARED, length)
    this.#deliver(chunk)
    if (borrows && !this.events.holdsInput) forgetCopy(chunk)
    return length > SMALL && borrows ? this.#beginRecords() : undefined
  }

  #lend(length: number): Uint8Array {
    this.lending = true
    try {
      this.events.onData(headOfShared(length))
    } finally {
      this.lending = false
      this.events.ownInput()
    }
    return SHARED
  }

  #beginRecords(): Uint8Array | undefined {
    if (this.released) return undefined
    this.#records = new LentRecords()
    silence.watch(this)
    return this.#records.memory
  }

  #onRecord(records: LentRecords, length: number, borrows: boolean): Uint8Array | undefined {
    const { memory } = records
    const record = records.take(length, borrows)
    this.#deliver(borrows ? record : copyOf(memory, length))
    if (this.released) return undefined
    this.reuse()
    if (records.quiet && !this.events.holdsInput) {
      this.#endBulk()
      return QUIET
    }
    return records.memory === memory ? undefined : records.memory
  }

  protected reuse(): void {
    if (this.#records && !this.events.holdsInput) this.#records.free()
  }

  #beginGiven(length: number): Uint8Array | undefined {
    this.#deliver(copyOf(SHARED, length))
    if (this.released) return undefined
    this.#given = new GivenMemory()
    silence.watch(this)
    return this.#given.memory
  }

  #onGiven(given: GivenMemory, length: number): Uint8Array | undefined {
    const { memory } = given
    this.#deliver(given.take(length))
    if (this.released) return undefined
    if (given.quiet) {
      this.#endBulk()
      return QUIET
    }
    return given.memory === memory ? undefined : given.memory
  }

  #deliver(chunk: Uint8Array): void {
    if (this.#kept) return void this.#kept.push(chunk)
    if (this.flowing) return this.events.onData(chunk)
    this.#kept = [chunk]
    this.handle.readStop()
  }

  #onReadEnd(status: number): void {
    if (status !== UV_EOF) return this.fail(systemError(status, 'read'))
    const handle = this.handle
    const cause = handle.endError ? handle.endError() : resetBehindEnd(handle.fd)
    if (cause) this.fail(cause)
    else if (this.#kept) this.#endKept = true
    else this.endInput()
  }

  #readStart(): void {
    const status = this.handle.readStart()
    if (status < 0) process.nextTick(() => this.fail(systemError(status, 'read')))
  }

  protected release(): void {
    this.released = true
    this.#kept = undefined
    this.#endBulk()
    this.unsent?.discard()
  }

  #endBulk(): void {
    if (this.#given === undefined && this.#records === undefined) return
    this.#records?.release(!this.events.holdsInput && this.queuedBytes === 0)
    this.#given = undefined
    this.#records = undefined
    silence.forget(this)
  }
}
