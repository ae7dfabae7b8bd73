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

  /** The next slice or less: whole chunks, or a part of one that is longer. They stay until they are dropped. */
  peek(): Uint8Array[] {
    const first = this.#chunks[this.#head]
    if (first === undefined) return []
    if (first.length > this.#slice) return [first.subarray(0, this.#slice)]
    let end = this.#head
    let bytes = 0
    for (; end < this.#chunks.length; end++) {
      bytes += (this.#chunks[end] as Uint8Array).length
      if (bytes > this.#slice) break
    }
    return this.#chunks.slice(this.#head, end)
  }

  /** {@link peek}s and drops. */
  take(): Uint8Array[] {
    const chunks = this.peek()
    this.drop(lengthOf(chunks))
    return chunks
  }

  /** Lets the first bytes go, as many as there are at most. */
  drop(bytes: number): void {
    this.#bytes -= bytes
    let rest = bytes
    while (rest > 0) {
      const first = this.#chunks[this.#head] as Uint8Array
      if (first.length > rest) {
        this.#chunks[this.#head] = first.subarray(rest)
        break
      }
      rest -= first.length
      this.#head++
    }
    this.#trim()
  }

  clear(): void {
    this.#chunks = []
    this.#head = 0
    this.#bytes = 0
  }

  /** Amortised: what was dropped is cut off once it is long, not at every slice. */
  #trim(): void {
    if (this.#head < this.#chunks.length && this.#head < 1024) return
    this.#chunks.splice(0, this.#head)
    this.#head = 0
  }
}

/** Bytes of chunks together. */
export function lengthOf(chunks: readonly Uint8Array[]): number {
  let bytes = 0
  for (const { length } of chunks) bytes += length
  return bytes
}
