import type { Socket } from 'node:net'
import { resetBehindEnd } from './descriptor.ts'
import { type BulkBuffer, bulkBuffer, copyOf, forgetCopy, RECORD, SHARED, SMALL } from './read-buffers.ts'
import type { StreamBinding, StreamHandle } from './stream-binding.ts'
import { socketOf } from './socket-of.ts'
import type { PortEvents, StreamPort } from './stream-port.ts'
import { silence, type Talker } from './silence.ts'
import { systemError } from './system-error.ts'
import { Unsent, type UnsentEvents } from './unsent.ts'
import { endWriting, type RequestOwner, writeTo } from './write-request.ts'

/** What libuv tells for the end of input: the same number on every system. */
const UV_EOF = -4095

/**
 * A port on the handle that Node's `Socket` stands on, for accepted connections: making a socket costs more than all else
 * in a short connection, and a `Readable` and a `Writable` keep five kilobytes for an idle one.
 *
 * Quiet connections are all read into one buffer, and what comes is copied out. One that reads much is given memory of
 * its own (see {@link BulkBuffer}).
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
  #bulk: BulkBuffer | undefined
  /** Seconds of silence after which the memory for bulk is taken back. */
  #patience = 2
  #flowing = false
  /** What came while nobody read: one chunk, but over TLS all the records of one read, and the end behind them. */
  #kept: Uint8Array[] | undefined
  #endKept = false
  #released = false

  /** @param handle - of a connected stream, and the port's alone from now on. */
  constructor(handle: StreamHandle, events: PortEvents, binding: StreamBinding) {
    this.#handle = handle
    this.#binding = binding
    this.#events = events
    handle.onread = () => this.#onRead()
    if (handle.onbreak) handle.onbreak = (cause) => this.#fail(cause)
    handle.useUserBuffer(SHARED)
    this.#readStart()
  }

  get queuedBytes(): number {
    return this.#unsent?.bytes ?? (this.#broken ? 1 : 0)
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

  send(chunks: Uint8Array[], bytes: number): void {
    if (this.#unsent) return this.#unsent.push(chunks, bytes)
    if (this.#broken) return
    const outcome = writeTo(this.#handle, this.#binding, chunks, bytes)
    if (outcome === 0) return
    if (typeof outcome === 'number') return this.onWriteError(outcome)
    this.#unsent = new Unsent(this.#handle, this.#binding, this)
    this.#unsent.await(outcome, chunks)
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

  get keeps(): boolean {
    return this.#kept !== undefined
  }

  detach(): Socket {
    const kept = this.#kept
    this.#release()
    this.#handle.readStop()
    const socket = socketOf(this.#handle)
    if (kept) socket.unshift(Buffer.concat(kept))
    return socket
  }

  /** For what was unsent. */
  onAllSent(): void {
    this.#unsent = undefined
    if (this.#released) return
    if (!this.#events.holdsInput) this.#bulk?.settle(true)
    this.#events.onSent()
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
    const bulk = this.#bulk
    if (bulk === undefined) return false
    if (++bulk.silentFor < this.#patience || this.#events.holdsInput) return true
    this.#patience *= 2
    this.#endBulk(true)
    this.#handle.useUserBuffer(SHARED)
    return false
  }

  #giveKept(): void {
    const kept = this.#kept
    while (kept && this.#flowing && !this.#released) {
      const chunk = kept.shift()
      if (chunk) {
        this.#events.onData(chunk)
      } else {
        this.#kept = undefined
        return this.#endKept ? this.#endInput() : this.#readStart()
      }
    }
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
    const lent = this.#flowing && this.#events.borrows
    if (length === RECORD) this.#gather()
    if (this.#bulk) return this.#onBulk(this.#bulk, length, lent)
    const chunk = copyOf(SHARED, length)
    this.#deliver(chunk)
    if (lent && !this.#events.holdsInput) forgetCopy(chunk)
    if (length <= SMALL || this.#released) return undefined
    this.#bulk = bulkBuffer(lent, this.#handle.endError !== undefined)
    silence.watch(this)
    return this.#bulk.memory
  }

  #onBulk(bulk: BulkBuffer, length: number, lent: boolean): Uint8Array | undefined {
    const { memory } = bulk
    this.#deliver(bulk.take(length, lent))
    if (this.#released) return undefined
    const free = !this.#events.holdsInput
    bulk.settle(free)
    if (bulk.quiet) {
      this.#endBulk(free)
      return SHARED
    }
    return bulk.memory === memory ? undefined : bulk.memory
  }

  /** Of a TLS record that is full the next one is most likely here too, and each write is a request of its own. */
  #gather(): void {
    if (this.#unsent || this.#broken || !this.#handle.endError) return
    this.#unsent = new Unsent(this.#handle, this.#binding, this)
    this.#unsent.gather()
  }

  #deliver(chunk: Uint8Array): void {
    if (this.#kept) return void this.#kept.push(chunk)
    if (this.#flowing) return this.#events.onData(chunk)
    this.#kept = [chunk]
    this.#handle.readStop()
  }

  #onReadEnd(status: number): void {
    if (status !== UV_EOF) return this.#fail(systemError(status, 'read'))
    const handle = this.#handle
    const cause = handle.endError ? handle.endError() : resetBehindEnd(handle.fd)
    if (cause) this.#fail(cause)
    else if (this.#kept) this.#endKept = true
    else this.#endInput()
  }

  #endInput(): void {
    this.inputEnded = true
    this.#events.onEnd()
    if (this.outputEnded) this.destroy()
  }

  #readStart(): void {
    const status = this.#handle.readStart()
    if (status < 0) process.nextTick(() => this.#fail(systemError(status, 'read')))
  }

  #fail(cause: Error): void {
    if (this.#released) return
    this.#events.onError(cause)
    this.destroy()
  }

  #release(): void {
    this.#released = true
    this.#kept = undefined
    this.#endBulk(!this.#events.holdsInput && this.queuedBytes === 0)
    this.#unsent?.discard()
  }

  #endBulk(free: boolean): void {
    if (this.#bulk === undefined) return
    this.#bulk.release(free)
    this.#bulk = undefined
    silence.forget(this)
  }
}
