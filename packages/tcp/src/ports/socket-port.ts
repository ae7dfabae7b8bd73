import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { descriptorOf, resetBehindEnd } from './descriptor.ts'
import type { PortEvents, StreamPort } from './stream-port.ts'
import { systemError } from './system-error.ts'
import { GATHER_BYTES, WriteQueue } from './write-queue.ts'

/**
 * Bytes per request to the socket. A socket tells of a request only when all of it has been taken, so this is the step
 * in which a slow peer's progress shows, and what one copy joins small chunks to.
 */
const SLICE_BYTES = 64 * 1024

const NOTHING = new Uint8Array(0)

interface Heard {
  readonly data: (chunk: Uint8Array) => void
  readonly error: (error: Error) => void
  readonly end: () => void
  readonly finish: () => void
  readonly close: () => void
}

/** How a {@link SocketPort} treats its socket. */
export interface SocketPortOptions {
  /** Whether the socket knows resets: a TCP socket does, a Unix socket does not. */
  readonly resets: boolean
  /** For a `TLSSocket`: the socket beneath, which is the one that can be reset. */
  readonly beneath?: Socket
}

/**
 * A port on Node's public `Socket` (net.Socket): for clients, for TLS, and for servers where a handle cannot be taken.
 *
 * While paused, Node reads on up to its own high-water mark (16 or 64 KiB) and one chunk more.
 *
 * Writing is one request at a time; what comes meanwhile waits in slices of 64 KiB, so that {@link queuedBytes} falls
 * slice by slice while a slow peer reads. (The kernel's own send buffer is beyond what a program can see: Linux reports
 * it writable only when a third of it is free.)
 */
export class SocketPort implements StreamPort {
  /** Kept up to date rather than worked out: it is asked for several times a message. */
  queuedBytes = 0
  readonly #socket: Socket
  readonly #events: PortEvents
  readonly #resets: boolean
  readonly #beneath: Socket
  readonly #queue: WriteQueue = new WriteQueue(SLICE_BYTES)
  #ending = false
  /** What listens to the socket. */
  readonly #heard: Heard

  /** @param socket - connected, made with `allowHalfOpen: true`, and the port's alone from now on. */
  constructor(socket: Socket, events: PortEvents, { resets, beneath = socket }: SocketPortOptions) {
    this.#socket = socket
    this.#events = events
    this.#resets = resets
    this.#beneath = beneath
    // Paused first: a 'data' listener on a socket that was never paused would set it flowing.
    this.#heard = {
      data: (chunk) => events.onData(chunk),
      // For the socket's whole life: a reset with nobody listening would end the process.
      error: (error) => this.#onError(error),
      end: () => this.#onEnd(),
      finish: () => events.onFinish(),
      close: () => this.#onClose(),
    }
    const { data, error, end, finish, close } = this.#heard
    socket.pause().on('data', data).on('error', error).on('end', end).on('finish', finish).on('close', close)
  }

  get keeps(): boolean {
    return this.#socket.readableLength > 0
  }

  detach(): Socket {
    const socket = this.#socket
    socket.on('error', () => {})
    const { data, error, end, finish, close } = this.#heard
    socket.off('data', data).off('error', error).off('end', end).off('finish', finish).off('close', close)
    return socket
  }

  get inputEnded(): boolean {
    return this.#socket.readableEnded
  }

  get ending(): boolean {
    return this.#ending
  }

  get outputEnded(): boolean {
    return this.#socket.writableFinished
  }

  get endWaits(): boolean {
    return this.#isTls
  }

  get #isTls(): boolean {
    return this.#beneath !== this.#socket
  }

  resume(): void {
    this.#socket.resume()
  }

  pause(): void {
    this.#socket.pause()
  }

  send(chunks: Uint8Array[], bytes: number): void {
    if (bytes <= SLICE_BYTES && this.queuedBytes === 0) {
      this.#request(chunks, bytes)
    } else {
      this.#queue.push(chunks, bytes)
      this.#sendQueue()
    }
    this.#measure()
  }

  end(): void {
    this.#ending = true
    const socket = this.#socket
    if (!this.#isTls) return void socket.end()
    // As `TlsHandle` does: while TLS itself is writing, Node would leave out the close_notify.
    socket.write(NOTHING, () => socket.write(NOTHING, () => socket.end()))
  }

  reset(): void {
    this.#discard()
    const socket = this.#socket
    // A reset while the FIN is on its way is refused below and leaves a handle that keeps the process alive. By then
    // all that was written is with the kernel, and closing is what is left to do.
    if (!this.#resets || socket.destroyed || socket.writableEnded) socket.destroy()
    else this.#beneath.resetAndDestroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #onSent = (): void => {
    if (this.#socket.destroyed) return
    this.#sendQueue()
    this.#measure()
    if (this.queuedBytes === 0) this.#events.onSent()
  }

  #measure(): void {
    this.queuedBytes = this.#queue.bytes + this.#socket.writableLength
  }

  #discard(): void {
    this.#queue.clear()
    this.#measure()
  }

  #sendQueue(): void {
    // A request that the kernel took whole is off the socket's books when write returns.
    while (this.#queue.bytes > 0 && this.#socket.writableLength === 0 && !this.#socket.destroyed) {
      const before = this.#queue.bytes
      const chunks = this.#queue.take()
      this.#request(chunks, before - this.#queue.bytes)
    }
  }

  /** One request of at most {@link SLICE_BYTES}. */
  #request(chunks: Uint8Array[], bytes: number): void {
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

  #onEnd(): void {
    const cause = resetBehindEnd(descriptorOf(this.#socket)) ?? this.#resetBeforeEnd()
    if (cause === undefined) return this.#events.onEnd()
    this.#onError(cause)
    this.#socket.destroy()
  }

  /** What TLS itself wrote may have been answered by a reset, and have taken the error; a socket that is reset has no peer. */
  #resetBeforeEnd(): Error | undefined {
    if (!this.#isTls || !this.#resets || this.#ending || this.#socket.remoteAddress !== undefined) return undefined
    return systemError(-constants.errno.ECONNRESET, 'read')
  }

  #onError(cause: Error): void {
    this.#queue.clear()
    this.#events.onError(cause)
    this.#measure()
  }

  #onClose(): void {
    this.#discard()
    this.#events.onClose()
  }
}
