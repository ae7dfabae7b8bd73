import type { Transform } from 'node:stream'

/** What all of Node's zlib streams are. */
export interface ZlibStream extends Transform {
  /** What the engine has taken in. */
  readonly bytesWritten: number
}

/**
 * One of Node's zlib streams, pulled from: it does no more work than is asked for, so that what a chunk expands to never
 * piles up.
 */
export class ZlibPump {
  readonly #stream: ZlibStream
  /** Bytes that it was given. */
  #fed = 0
  #error: unknown
  /** Nothing more comes out of it. */
  #over = false
  #wake: (() => void) | undefined

  constructor(stream: ZlibStream) {
    this.#stream = stream
    const wake = (): void => this.#wake?.()
    const end = (): void => {
      this.#over = true
      wake()
    }
    stream.on('readable', wake).on('end', end).on('close', end)
    stream.on('error', (error) => {
      this.#error = error
      wake()
    })
  }

  /** Whether what was compressed has ended before the bytes that it was given. To be asked between chunks. */
  get overfed(): boolean {
    return this.#stream.bytesWritten < this.#fed
  }

  /** Gives what comes of a chunk. @throws what zlib does. */
  feed(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
    this.#fed += chunk.length
    return this.#outputUntil((done) => this.#stream.write(chunk, done))
  }

  /** Gives the last of it. @throws what zlib does. */
  finish(): AsyncGenerator<Uint8Array> {
    return this.#outputUntil(() => this.#stream.end())
  }

  /** Lets go of its memory. Whoever waits for output is told that there is none. */
  destroy(): void {
    this.#stream.destroy()
  }

  async *#outputUntil(begin: (done: () => void) => void): AsyncGenerator<Uint8Array> {
    let done = false
    begin(() => {
      done = true
      this.#wake?.()
    })
    for (;;) {
      const output = this.#stream.read() as Uint8Array | null
      if (this.#error !== undefined) throw this.#error
      if (output !== null) yield output
      else if (done || this.#over) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
