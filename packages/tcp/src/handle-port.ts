import type { Socket } from 'node:net'
import { resetBehindEnd } from './descriptor.ts'
import { HandleOutput } from './handle-output.ts'
import { copyOf, forgetCopy, GivenMemory, QUIET, RECORD, SHARED, SMALL } from './read-buffers.ts'
import { silence, type Talker } from './silence.ts'
import type { StreamBinding, StreamHandle } from './stream-binding.ts'
import { socketOf } from './socket-of.ts'
import { NOBODY, type PortEvents, type StreamPort } from './stream-port.ts'
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
 */
export class HandlePort extends HandleOutput implements StreamPort, Talker {
  inputEnded = false
  #given: GivenMemory | undefined
  /** Seconds of silence after which the memory for bulk is let go. */
  #patience = 2
  #flowing = false
  /** What came while nobody read: one chunk, but over TLS all the records of one read, and the end behind them. */
  #kept: Uint8Array[] | undefined
  #endKept = false

  /** @param handle - of a connected stream, and the port's alone from now on. */
  constructor(handle: StreamHandle, events: PortEvents, binding: StreamBinding) {
    super(handle, events, binding)
    handle.onread = () => this.#onRead()
    if (handle.onbreak) handle.onbreak = (cause) => this.fail(cause)
    handle.useUserBuffer(QUIET)
    this.#readStart()
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
    this.unsent?.discard()
    const { reset } = this.handle
    // A handle whose FIN is on its way refuses a reset; by then all that was written is with the kernel.
    if (this.released || this.ending || !reset) this.destroy()
    else if (reset.call(this.handle, () => this.#onClosed()) === 0) this.release()
    else this.destroy()
  }

  destroy(): void {
    if (this.released) return
    this.release()
    this.handle.close(() => this.#onClosed())
  }

  #onClosed(): void {
    const { events } = this
    this.events = NOBODY
    events.onClose()
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
    const given = this.#given
    if (given === undefined || ++given.silentFor < this.#patience) return given !== undefined
    this.#patience *= 2
    this.#endBulk()
    this.handle.useUserBuffer(QUIET)
    return false
  }

  #giveKept(): void {
    const kept = this.#kept
    while (kept && this.#flowing && !this.released) {
      const chunk = kept.shift()
      if (chunk) {
        this.events.onData(chunk)
      } else {
        this.#kept = undefined
        return this.#endKept ? this.#endInput() : this.#readStart()
      }
    }
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
    const borrows = this.#flowing && this.events.borrows
    // Over TLS a read is a record of 16 KiB at most, and what is written is not what the kernel gets.
    if (length > SMALL && !this.handle.endError) return borrows ? this.#lend(length) : this.#beginBulk(length)
    const chunk = copyOf(SHARED, length)
    this.#deliver(chunk)
    if (borrows && !this.events.holdsInput) forgetCopy(chunk)
    return undefined
  }

  #lend(length: number): Uint8Array {
    this.lending = true
    try {
      this.events.onData(SHARED.subarray(0, length))
    } finally {
      this.lending = false
      this.events.ownInput()
    }
    return SHARED
  }

  #beginBulk(length: number): Uint8Array | undefined {
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
    if (this.#flowing) return this.events.onData(chunk)
    this.#kept = [chunk]
    this.handle.readStop()
  }

  #onReadEnd(status: number): void {
    if (status !== UV_EOF) return this.fail(systemError(status, 'read'))
    const handle = this.handle
    const cause = handle.endError ? handle.endError() : resetBehindEnd(handle.fd)
    if (cause) this.fail(cause)
    else if (this.#kept) this.#endKept = true
    else this.#endInput()
  }

  #endInput(): void {
    this.inputEnded = true
    this.events.onEnd()
    if (this.outputEnded) this.destroy()
  }

  #readStart(): void {
    const status = this.handle.readStart()
    if (status < 0) process.nextTick(() => this.fail(systemError(status, 'read')))
  }

  protected fail(cause: Error): void {
    if (this.released) return
    this.events.onError(cause)
    this.destroy()
  }

  protected release(): void {
    this.released = true
    this.#kept = undefined
    this.#endBulk()
    this.unsent?.discard()
  }

  #endBulk(): void {
    if (this.#given === undefined) return
    this.#given = undefined
    silence.forget(this)
  }
}
