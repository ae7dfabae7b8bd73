import type { Socket } from 'node:net'
import {
  type Clock,
  ConnectionResetError,
  type Driver,
  type DriverEvents,
  type SocketAddress,
  type Timer,
} from '@millrace/core'
import type { BufferReader } from './buffer-reader.ts'
import { resetBehindEnd } from './descriptor.ts'
import { SLICE_BYTES, WriteQueue } from './write-queue.ts'

/** How long a closed connection waits for more input before it is released, in ms. */
export const LINGER_QUIET = 500
/** How long a closed connection goes on discarding input at most, in ms, however much still arrives. */
export const LINGER_MOST = 5_000
/** From this many bytes a chunk, gathering chunks in the kernel costs less than copying them together. */
const GATHER_BYTES = 8 * 1024

/** What a {@link SocketDriver} is made from. */
export interface SocketDriverInit {
  /** Connected, made with `allowHalfOpen: true`, and the driver's alone from now on. */
  readonly socket: Socket
  readonly remoteAddress: SocketAddress
  /** Whether the socket knows resets: a TCP socket does, a Unix socket does not. */
  readonly resets: boolean
  readonly clock: Clock
  /** Reads the socket; without it, its `data` events are taken. */
  readonly reader?: BufferReader | undefined
}

/**
 * Moves the bytes of one TCP or Unix socket.
 *
 * Reading is pushed: what the socket reads goes to {@link DriverEvents.onData} in the same callback. While paused, a
 * {@link BufferReader} still reads one chunk, and without one Node reads on up to its own high-water mark (16 or 64 KiB) and one
 * chunk more; an end that arrives before any data is told even so.
 *
 * Writing is one request at a time; what comes meanwhile waits in slices of 64 KiB, so that {@link pendingBytes} falls
 * slice by slice while a slow peer reads. (The kernel's own send buffer is beyond what a program can see: Linux reports
 * it writable only when a third of it is free.)
 *
 * {@link close} sends what was written and a FIN, then discards input until the peer's FIN, 500 ms without input, or
 * 5 s in all: a socket closed with unread input sends a reset instead, which can destroy what the peer has not read yet
 * (RFC 2525, 2.17; RFC 1122, 4.2.2.13).
 *
 * {@link reset} resets a TCP connection. A Unix socket knows no reset: there the peer sees a clean end.
 */
export class SocketDriver implements Driver {
  /** Kept up to date rather than worked out: it is asked for several times a message. */
  pendingBytes = 0
  readonly #socket: Socket
  readonly #reader: Pick<Socket, 'pause' | 'resume'> | BufferReader
  readonly #events: DriverEvents
  readonly #remoteAddress: SocketAddress
  readonly #resets: boolean
  readonly #clock: Clock
  readonly #queue = new WriteQueue()
  #phase: 'open' | 'closing' | 'resetting' | 'gone' = 'open'
  #behind = false
  #endWanted = false
  #failed = false
  #lingers = true
  #lastInput = 0
  #lingerTimer: Timer | undefined

  constructor(init: SocketDriverInit, events: DriverEvents) {
    this.#socket = init.socket
    this.#events = events
    this.#remoteAddress = init.remoteAddress
    this.#resets = init.resets
    this.#clock = init.clock
    this.#reader = init.reader ?? init.socket
    // Paused first: a 'data' listener on a socket that was never paused would set it flowing.
    this.#reader.pause()
    if (init.reader) init.reader.to((chunk) => this.#onData(chunk))
    else init.socket.on('data', (chunk: Uint8Array) => this.#onData(chunk))
    init.socket
      // For the socket's whole life: a reset with nobody listening would end the process.
      .on('error', (error) => this.#onError(error))
      .on('end', () => this.#onEnd())
      .on('finish', () => this.#onFinish())
      .on('close', () => this.#onClose())
  }

  resume(): void {
    if (this.#phase === 'open') this.#reader.resume()
  }

  pause(): void {
    if (this.#phase === 'open') this.#reader.pause()
  }

  write(chunks: Uint8Array[], bytes: number): void {
    if (this.#phase !== 'open') return
    if (bytes <= SLICE_BYTES && this.pendingBytes === 0) {
      this.#send(chunks, bytes)
    } else {
      this.#queue.push(chunks, bytes)
      this.#sendQueue()
    }
    this.#measure()
    if (this.pendingBytes > 0) this.#behind = true
  }

  endWrite(): void {
    this.#endWanted = true
    this.#endWhenSent()
  }

  close(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#lastInput = this.#clock.now()
    this.#reader.resume()
    if (this.#socket.writableFinished) this.#linger()
    else this.endWrite()
  }

  /**
   * {@link close} releases the socket with the FIN from now on: for a connection that was turned away and may cost
   * nothing.
   */
  skipLinger(): void {
    this.#lingers = false
  }

  reset(): void {
    if (this.#phase === 'resetting' || this.#phase === 'gone') return
    this.#phase = 'resetting'
    this.#lingerTimer?.cancel()
    this.#queue.clear()
    this.#measure()
    const socket = this.#socket
    // A reset while the FIN is on its way is refused below and leaves a handle that keeps the process alive. By then
    // all that was written is with the kernel, and closing is what is left to do.
    if (!this.#resets || socket.destroyed || socket.writableEnded) socket.destroy()
    else socket.resetAndDestroy()
  }

  readonly #onSent = (): void => {
    if (this.#phase === 'resetting' || this.#phase === 'gone' || this.#failed) return
    this.#sendQueue()
    this.#measure()
    if (this.#behind && this.pendingBytes === 0) {
      this.#behind = false
      this.#events.onDrain()
    }
    this.#endWhenSent()
  }

  #measure(): void {
    this.pendingBytes = this.#queue.bytes + this.#socket.writableLength
  }

  #sendQueue(): void {
    // A request that the kernel took whole is off the socket's books when write returns.
    while (this.#queue.bytes > 0 && this.#socket.writableLength === 0 && !this.#socket.destroyed) {
      const before = this.#queue.bytes
      const chunks = this.#queue.take()
      this.#send(chunks, before - this.#queue.bytes)
    }
  }

  /** One request of at most {@link SLICE_BYTES}. */
  #send(chunks: Uint8Array[], bytes: number): void {
    const socket = this.#socket
    if (chunks.length === 1) {
      socket.write(chunks[0] as Uint8Array, this.#onSent)
    } else if (bytes < chunks.length * GATHER_BYTES) {
      socket.write(Buffer.concat(chunks, bytes), this.#onSent)
    } else {
      const last = chunks.length - 1
      socket.cork()
      for (let i = 0; i < last; i++) socket.write(chunks[i] as Uint8Array)
      socket.write(chunks[last] as Uint8Array, this.#onSent)
      socket.uncork()
    }
  }

  /** Ends only what has been sent whole, so that until then a reset is still possible. */
  #endWhenSent(): void {
    if (this.#endWanted && this.pendingBytes === 0 && !this.#socket.writableEnded) this.#socket.end()
  }

  #onData(chunk: Uint8Array): void {
    if (this.#phase === 'open') this.#events.onData(chunk)
    else this.#lastInput = this.#clock.now()
  }

  #onEnd(): void {
    if (this.#phase !== 'open') return
    const cause = resetBehindEnd(this.#socket)
    if (cause === undefined) {
      this.#events.onEnd()
    } else {
      this.#fail(cause)
      this.#socket.destroy()
    }
  }

  #onFinish(): void {
    if (this.#phase === 'gone' || this.#phase === 'resetting') return
    this.#events.onWriteEnded()
    if (this.#phase === 'closing') this.#linger()
  }

  #onError(cause: Error): void {
    const { writableFinished } = this.#socket
    // When closing, what breaks after the last byte went out is nobody's loss.
    const lost = this.#phase === 'open' || (this.#phase === 'closing' && this.#behind && !writableFinished)
    if (!lost || this.#failed) return
    this.#fail(cause)
  }

  #onClose(): void {
    const complete = this.#socket.readableEnded && this.#socket.writableFinished
    if (this.#phase === 'open' && !complete && !this.#failed) this.#fail()
    this.#phase = 'gone'
    this.#lingerTimer?.cancel()
    this.#queue.clear()
    this.#measure()
    this.#events.onClosed()
  }

  #fail(cause?: Error): void {
    this.#failed = true
    this.#queue.clear()
    this.#measure()
    this.#events.onError(new ConnectionResetError(this.#remoteAddress, cause && { cause }))
  }

  /** The FIN is out. Where the peer's has come too the socket releases itself. */
  #linger(): void {
    if (this.#socket.readableEnded) return
    if (this.#lingers) this.#lingerUntil(this.#clock.now() + LINGER_MOST)
    else this.#socket.destroy()
  }

  #lingerUntil(deadline: number): void {
    const now = this.#clock.now()
    const rest = Math.min(deadline, this.#lastInput + LINGER_QUIET) - now
    if (rest <= 0) this.#socket.destroy()
    else this.#lingerTimer = this.#clock.schedule(() => this.#lingerUntil(deadline), rest)
  }
}
