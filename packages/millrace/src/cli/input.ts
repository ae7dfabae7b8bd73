/** Stdin as a source. It is read only when asked; how long it has been asked and has had nothing can be seen. */
export class Input implements AsyncIterable<Uint8Array> {
  readonly #stream: AsyncIterable<Uint8Array>
  #askedAt: number | undefined

  /** @param stream - a readable stream of bytes. */
  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream
  }

  /** For how long it has had nothing, in milliseconds; 0 while it is not asked. */
  get silence(): number {
    return this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt
  }

  /** Chunks as they were read: of one size or another, each at most 64 KiB. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      this.#askedAt = performance.now()
      for await (const chunk of this.#stream) {
        this.#askedAt = undefined
        yield chunk
        this.#askedAt = performance.now()
      }
    } catch (error) {
      throw new Error(`cannot read from stdin: ${(error as Error).message}`, { cause: error })
    }
  }

  /** The same, cut where a chunk is larger. */
  async *pieces(limit: number): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of this) {
      for (let at = 0; at < chunk.length; at += limit) yield chunk.subarray(at, at + limit)
    }
  }
}
