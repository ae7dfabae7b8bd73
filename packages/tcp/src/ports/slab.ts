import { sharedMemory } from './shared-memory.ts'

/** Memory that chunks are cut from: an allocation for each costs more than the copy. A chunk that is kept pins all of it. */
export class Slab {
  readonly #size: number
  #memory: Buffer
  #used = 0
  /** What was cut last, and from where. */
  #last: Buffer | undefined
  #lastStart = 0
  /** The last one, taken back: one of the same length is the same object again, which is dearer to make than to fill. */
  #spare: Buffer | undefined

  /** @param size - in bytes: what one kept chunk can pin. */
  constructor(size: number) {
    this.#size = size
    this.#memory = sharedMemory(size)
  }

  /** So many bytes, at most the slab's size, to be written to; they are the caller's. */
  cut(length: number): Buffer {
    const spare = this.#spare
    this.#spare = undefined
    const cut = spare?.length === length ? spare : this.#cutAnew(length)
    this.#last = cut
    // The next one begins on a word of its own.
    this.#used = (this.#lastStart + length + 7) & ~7
    return cut
  }

  /** Takes back what was cut last, where it is that: nobody has it any more. */
  uncut(chunk: Uint8Array): void {
    if (chunk !== this.#last) return
    this.#spare = this.#last
    this.#used = this.#lastStart
  }

  #cutAnew(length: number): Buffer {
    // It is empty where somebody has detached it for all that.
    if (this.#used + length > this.#memory.length) {
      this.#memory = sharedMemory(this.#size)
      this.#used = 0
    }
    this.#lastStart = this.#used
    return this.#memory.subarray(this.#used, this.#used + length)
  }
}
