import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'

/** What every read of every socket goes into, and is copied out of before the next one. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024)

/** Chunks up to this many bytes are cut from a slab: an allocation each would cost more than the copy. */
const SMALL = 8 * 1024
/** In bytes: what a small chunk that is kept can pin at most. */
const SLAB = 32 * 1024

let slab = Buffer.allocUnsafeSlow(SLAB)
let used = 0

/** A copy of the first bytes of {@link SHARED}. */
function copyOut(length: number): Uint8Array {
  if (length > SMALL) {
    const chunk = Buffer.allocUnsafeSlow(length)
    SHARED.copy(chunk, 0, 0, length)
    return chunk
  }
  if (used + length > SLAB) {
    slab = Buffer.allocUnsafeSlow(SLAB)
    used = 0
  }
  SHARED.copy(slab, used, 0, length)
  const chunk = slab.subarray(used, used + length)
  // The next one begins on a word of its own.
  used = (used + length + 7) & ~7
  return chunk
}

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
    const chunk = copyOut(length)
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
