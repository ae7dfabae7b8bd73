import { writeSync } from 'node:fs'

/** How long one waits for a pipe that is full before one tries again, in ms. */
const PATIENCE = 1

const nobody = new Int32Array(new SharedArrayBuffer(4))

/**
 * Where a log goes whose last lines before an exit must not be lost: a text is with the system when {@link write} returns, however long its
 * reader takes. pino's own destination sleeps for 100 ms, and with it all connections, whenever a pipe that does not block is full.
 *
 * A reader that has gone is no failure: what is written from then on is dropped.
 */
export class BlockingOutput {
  readonly #descriptor: number
  #over = false

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** @throws the system's error, but for a reader that has gone. */
  write(text: string): void {
    let rest = Buffer.from(text)
    while (rest.length > 0 && !this.#over) rest = rest.subarray(this.#writeSome(rest))
  }

  #writeSome(bytes: Buffer): number {
    try {
      return writeSync(this.#descriptor, bytes)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') this.#over = true
      else if (code === 'EAGAIN') Atomics.wait(nobody, 0, 0, PATIENCE)
      else throw error
      return 0
    }
  }
}
