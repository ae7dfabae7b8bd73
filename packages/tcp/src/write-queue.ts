/** From this many bytes a chunk, gathering chunks in the kernel costs less than copying them together. */
export const GATHER_BYTES: number = 8 * 1024

/**
 * Chunks that are smaller than this on average are joined while they wait: an object of its own costs each some 200
 * bytes.
 */
const JOIN_BELOW = 1024

/** What waits behind the request that a socket is busy with, given out in slices. */
export class WriteQueue {
  readonly #slice: number
  #chunks: Uint8Array[] = []
  #head = 0
  #bytes = 0

  /** @param slice - bytes of one request at most. */
  constructor(slice: number) {
    this.#slice = slice
  }

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

  /** Takes out the next slice or less: whole chunks, or a part of one that is longer. */
  take(): Uint8Array[] {
    const first = this.#chunks[this.#head]
    if (first === undefined) return []
    if (first.byteLength > this.#slice) {
      this.#chunks[this.#head] = first.subarray(this.#slice)
      this.#bytes -= this.#slice
      return [first.subarray(0, this.#slice)]
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
      if (bytes + byteLength > this.#slice) break
      bytes += byteLength
    }
    this.#bytes -= bytes
    return this.#chunks.slice(start, this.#head)
  }
}
