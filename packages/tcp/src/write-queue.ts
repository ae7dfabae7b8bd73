/**
 * Bytes per request to the socket. A socket tells of a request only when all of it has been taken, so this is the step
 * in which a slow peer's progress shows, and what one copy joins small chunks to.
 */
export const SLICE_BYTES: number = 64 * 1024

/**
 * Chunks that are smaller than this on average are joined while they wait: an object of its own costs each some 200
 * bytes.
 */
const JOIN_BELOW = 1024

/** What waits behind the request that a socket is busy with, given out in slices. */
export class WriteQueue {
  #chunks: Uint8Array[] = []
  #head = 0
  #bytes = 0

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** @param bytes - the length of the chunks together. */
  push(chunks: readonly Uint8Array[], bytes: number): void {
    if (bytes < chunks.length * JOIN_BELOW) this.#chunks.push(Buffer.concat(chunks, bytes))
    else for (const chunk of chunks) this.#chunks.push(chunk)
    this.#bytes += bytes
  }

  /** Takes out the next {@link SLICE_BYTES} or fewer: whole chunks, or a part of one that is longer. */
  take(): Uint8Array[] {
    const first = this.#chunks[this.#head]
    if (first === undefined) return []
    if (first.byteLength > SLICE_BYTES) {
      this.#chunks[this.#head] = first.subarray(SLICE_BYTES)
      this.#bytes -= SLICE_BYTES
      return [first.subarray(0, SLICE_BYTES)]
    }
    const slice = this.#takeWhole()
    if (this.#head === this.#chunks.length) {
      this.#chunks = []
      this.#head = 0
    } else if (this.#head >= 1024) {
      // Amortised: what was taken is cut off once it is long, not at every slice.
      this.#chunks.splice(0, this.#head)
      this.#head = 0
    }
    return slice
  }

  clear(): void {
    this.#chunks = []
    this.#head = 0
    this.#bytes = 0
  }

  #takeWhole(): Uint8Array[] {
    const start = this.#head
    let bytes = 0
    for (; this.#head < this.#chunks.length; this.#head++) {
      const { byteLength } = this.#chunks[this.#head] as Uint8Array
      if (bytes + byteLength > SLICE_BYTES) break
      bytes += byteLength
    }
    this.#bytes -= bytes
    return this.#chunks.slice(start, this.#head)
  }
}
