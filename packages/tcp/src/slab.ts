/** Memory that chunks are cut from: an allocation for each costs more than the copy. A chunk that is kept pins all of it. */
export class Slab {
  readonly #size: number
  #memory: Buffer
  #used = 0

  /** @param size - in bytes: what one kept chunk can pin. */
  constructor(size: number) {
    this.#size = size
    this.#memory = Buffer.allocUnsafeSlow(size)
  }

  /** So many bytes, at most the slab's size, to be written to; they are the caller's. */
  cut(length: number): Buffer {
    if (this.#used + length > this.#size) {
      this.#memory = Buffer.allocUnsafeSlow(this.#size)
      this.#used = 0
    }
    const start = this.#used
    // The next one begins on a word of its own.
    this.#used = (start + length + 7) & ~7
    return this.#memory.subarray(start, start + length)
  }

  /** Takes back what was cut last, where it is that: nobody has it any more. */
  uncut({ buffer, byteOffset, byteLength }: Uint8Array): void {
    const isLast = buffer === this.#memory.buffer && ((byteOffset + byteLength + 7) & ~7) === this.#used
    if (isLast) this.#used = byteOffset
  }
}
