import type { Writable } from 'node:stream'

/** A stream that a connection's input is written to: stdout. A reader of it that goes away is no failure. */
export class Output {
  readonly #stream: Writable
  #broken = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  /** @param onBroken - called once, when nothing more can be written. */
  constructor(stream: Writable, onBroken: () => void) {
    this.#stream = stream
    stream.on('drain', () => this.#wake?.())
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.#failure ??= new Error(`cannot write to stdout: ${error.message}`, { cause: error })
      if (!this.#broken) onBroken()
      this.#broken = true
      this.#wake?.()
    })
  }

  /** Whether nothing more can be written. */
  get broken(): boolean {
    return this.#broken
  }

  /** What broke it; nothing where its reader has gone. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Resolves when more may be written. What is written to a broken output is dropped. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#broken || this.#stream.write(chunk)) return
    await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#wake = undefined
  }

  /** Resolves when everything written has been handed to the system, or never will be. */
  async flush(): Promise<void> {
    if (this.#broken) return
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()))
  }
}
