import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'

/** What every read of every socket goes into, and is copied out of before the next one. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024)

/** Memory that chunks are cut from: an allocation for each costs more than the copy. A chunk that is kept pins all of it. */
class Slab {
  readonly #size: number
  #memory: Buffer
  #used = 0

  /** @param size - in bytes: what one kept chunk can pin. */
  constructor(size: number) {
    this.#size = size
    this.#memory = Buffer.allocUnsafeSlow(size)
  }

  /** A copy of the first bytes of {@link SHARED}. */
  copyOut(length: number): Uint8Array {
    if (this.#used + length > this.#size) {
      this.#memory = Buffer.allocUnsafeSlow(this.#size)
      this.#used = 0
    }
    const start = this.#used
    SHARED.copy(this.#memory, start, 0, length)
    // The next one begins on a word of its own.
    this.#used = (start + length + 7) & ~7
    return this.#memory.subarray(start, start + length)
  }
}

/** Small and large chunks have slabs of their own, so that a few kept bytes do not pin what a bulk transfer needs. */
const SMALL = 8 * 1024
const small = new Slab(32 * 1024)
/** Blocks of this size the C library hands out again; one of 64 KiB for each read it gives back to the system in between. */
const large = new Slab(256 * 1024)

/** What a read of {@link BufferReader} is given to. */
export type OnChunk = (chunk: Uint8Array) => void

/**
 * Reads an accepted socket by way of `onread` (net.Socket, `options.onread`): into one buffer that all sockets share, where Node
 * would allocate 64 KiB for each read and pass it through a `Readable`. A chunk is a copy of exactly what came.
 *
 * It begins paused. While it is, it reads on until a chunk has come, so that an end before any data is told even so, and
 * keeps that chunk; then it reads nothing.
 */
export class BufferReader {
  readonly socket: Socket
  #onChunk: OnChunk = () => {}
  #flowing = false
  #kept: Uint8Array | undefined

  /** @param handle - what Node's own servers make their sockets from. */
  constructor(handle: object) {
    const options: SocketConstructorOpts & { readonly handle: object; readonly onread: OnReadOpts } = {
      handle,
      allowHalfOpen: true,
      onread: { buffer: SHARED, callback: (length) => this.#onRead(length) },
    }
    this.socket = new Socket(options)
  }

  /** Chunks go there from now on. */
  to(onChunk: OnChunk): void {
    this.#onChunk = onChunk
  }

  /** A chunk that was kept comes in a turn of its own. */
  resume(): void {
    if (this.#flowing) return
    this.#flowing = true
    if (this.#kept) process.nextTick(() => this.#giveKept())
  }

  pause(): void {
    this.#flowing = false
  }

  /** @returns false to stop the reading. */
  #onRead(length: number): boolean {
    const chunk = (length > SMALL ? large : small).copyOut(length)
    if (this.#flowing) {
      this.#onChunk(chunk)
      return true
    }
    this.#kept = chunk
    return false
  }

  #giveKept(): void {
    const chunk = this.#kept
    if (!this.#flowing || chunk === undefined) return
    this.#kept = undefined
    this.#onChunk(chunk)
    // What reads on after onread has said stop.
    this.socket.resume()
  }
}
