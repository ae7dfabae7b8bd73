import { resetBehindEnd } from './descriptor.ts'
import { copyOf, forgetCopy, GivenMemory, QUIET, SHARED, SMALL } from './read-buffers.ts'
import { silence, type Talker } from './silence.ts'
import type { StreamBinding, StreamHandle } from './stream-binding.ts'
import type { PortEvents, StreamPort } from './stream-port.ts'
import { systemError } from './system-error.ts'
import { Unsent, type UnsentEvents } from './unsent.ts'
import { writeNow } from './write-now.ts'
import { endWriting, type RequestOwner, writeTo } from './write-request.ts'

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
export class HandlePort implements StreamPort, UnsentEvents, RequestOwner, Talker {
  inputEnded = false
  ending = false
  outputEnded = false
  readonly #handle: StreamHandle
  readonly #binding: StreamBinding
  readonly #events: PortEvents
  #unsent: Unsent | undefined
  /** A write has failed, which is told in a turn of its own. */
  #broken = false
  #given: GivenMemory | undefined
  /** Seconds of silence after which the memory for bulk is let go. */
  #patience = 2
  #flowing = false
  #kept: Uint8Array | undefined
  /** What is given out just now is lent. */
  #lending = false
  #released = false

  /** @param handle - of a connected stream, and the port's alone from now on. */
  constructor(handle: StreamHandle, events: PortEvents, binding: StreamBinding) {
    this.#handle = handle
    this.#binding = binding
    this.#events = events
    handle.onread = () => this.#onRead()
    handle.useUserBuffer(QUIET)
    this.#readStart()
  }

  get queuedBytes(): number {
    if (this.#unsent) return this.#unsent.bytes
    return this.#broken ? 1 : 0
  }

  resume(): void {
    if (this.#flowing) return
    this.#flowing = true
    // In a turn of its own, as it would have come.
    if (this.#kept) process.nextTick(giveKept, this)
  }

  pause(): void {
    this.#flowing = false
  }

  send(chunks: Uint8Array[], bytes: number): void {
    if (this.#lending) this.#sendLent(chunks, bytes)
    else if (this.#unsent) this.#unsent.push(chunks, bytes)
    else if (!this.#broken) this.#request(chunks, bytes)
  }

  end(): void {
    this.ending = true
    endWriting(this.#handle, this.#binding, this)
  }

  reset(): void {
    this.#unsent?.discard()
    const { reset } = this.#handle
    // A handle whose FIN is on its way refuses a reset; by then all that was written is with the kernel.
    if (this.#released || this.ending || !reset) this.destroy()
    else if (reset.call(this.#handle, () => this.#events.onClose()) === 0) this.#release()
    else this.destroy()
  }

  destroy(): void {
    if (this.#released) return
    this.#release()
    this.#handle.close(() => this.#events.onClose())
  }

  /** For what was unsent. */
  onAllSent(): void {
    this.#unsent = undefined
    if (!this.#released) this.#events.onSent()
  }

  /** For what was unsent, too: told later, because drivers never call back from within a write. */
  onWriteError(status: number): void {
    this.#unsent = undefined
    this.#broken = true
    process.nextTick(() => this.#fail(systemError(status, 'write')))
  }

  /** For the request that ends the output. Where there is none any more, it has ended. */
  onComplete(): void {
    if (this.#released) return
    this.outputEnded = true
    this.#events.onFinish()
    if (this.inputEnded) this.destroy()
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
    this.#handle.useUserBuffer(QUIET)
    return false
  }

  /** What came while nobody read. */
  giveKept(): void {
    const chunk = this.#kept
    if (!this.#flowing || chunk === undefined || this.#released) return
    this.#kept = undefined
    this.#events.onData(chunk)
    if (!this.#released) this.#readStart()
  }

  #onRead(): Uint8Array | undefined {
    const { streamBaseState, kReadBytesOrError } = this.#binding
    const length = streamBaseState[kReadBytesOrError] as number
    if (length > 0) return this.#onBytes(length)
    if (length < 0) this.#onReadEnd(length)
    return undefined
  }

  /** @returns what to read into from now on, where that is another. */
  #onBytes(length: number): Uint8Array | undefined {
    if (this.#given) return this.#onGiven(this.#given, length)
    const borrows = this.#flowing && this.#events.borrows
    if (length > SMALL) return borrows ? this.#lend(length) : this.#beginBulk(length)
    const chunk = copyOf(SHARED, length)
    this.#deliver(chunk)
    if (borrows && !this.#events.holdsInput) forgetCopy(chunk)
    return undefined
  }

  #lend(length: number): Uint8Array {
    this.#lending = true
    try {
      this.#events.onData(SHARED.subarray(0, length))
    } finally {
      this.#lending = false
      this.#events.ownInput()
    }
    return SHARED
  }

  #beginBulk(length: number): Uint8Array | undefined {
    this.#deliver(copyOf(SHARED, length))
    if (this.#released) return undefined
    this.#given = new GivenMemory()
    silence.watch(this)
    return this.#given.memory
  }

  #onGiven(given: GivenMemory, length: number): Uint8Array | undefined {
    const { memory } = given
    this.#deliver(given.take(length))
    if (this.#released) return undefined
    if (given.quiet) {
      this.#endBulk()
      return QUIET
    }
    return given.memory === memory ? undefined : given.memory
  }

  #deliver(chunk: Uint8Array): void {
    if (this.#flowing) {
      this.#events.onData(chunk)
    } else {
      this.#kept = chunk
      this.#handle.readStop()
    }
  }

  #onReadEnd(status: number): void {
    if (status !== UV_EOF) return this.#fail(systemError(status, 'read'))
    const cause = resetBehindEnd(this.#handle.fd)
    if (cause) return this.#fail(cause)
    this.inputEnded = true
    this.#events.onEnd()
    if (this.outputEnded) this.destroy()
  }

  #readStart(): void {
    const status = this.#handle.readStart()
    if (status < 0) process.nextTick(() => this.#fail(systemError(status, 'read')))
  }

  #request(chunks: Uint8Array[], bytes: number): void {
    const outcome = writeTo(this.#handle, this.#binding, chunks, bytes)
    if (outcome === 0) return
    if (typeof outcome === 'number') return this.onWriteError(outcome)
    this.#unsent = new Unsent(this.#handle, this.#binding, this)
    this.#unsent.await(outcome, chunks)
  }

  /** What is in these chunks will be overwritten: only what the kernel takes at once need not be copied. */
  #sendLent(chunks: Uint8Array[], bytes: number): void {
    if (this.#broken) return
    const sent = this.#unsent ? 0 : writeNow(this.#handle.fd, chunks)
    if (sent < 0) return this.onWriteError(sent)
    if (sent === bytes) return
    const rest = Buffer.concat(chunks, bytes).subarray(sent)
    if (this.#unsent) this.#unsent.push([rest], bytes)
    else this.#request([rest], bytes - sent)
  }

  #fail(cause: Error): void {
    if (this.#released) return
    this.#events.onError(cause)
    this.destroy()
  }

  #release(): void {
    this.#released = true
    this.#kept = undefined
    this.#endBulk()
  }

  #endBulk(): void {
    if (this.#given === undefined) return
    this.#given = undefined
    silence.forget(this)
  }
}

function giveKept(port: HandlePort): void {
  port.giveKept()
}
