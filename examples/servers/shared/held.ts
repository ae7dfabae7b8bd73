/** In bytes: the room that is kept from one use to the next. */
const KEPT = 256

/** The part of a line or of a string that has come. There is room for about as much, not for what was announced. */
export class Held {
  length = 0
  #room = new Uint8Array(KEPT)

  /** The first byte, where there is one. */
  get first(): number | undefined {
    return this.length > 0 ? this.#room[0] : undefined
  }

  append(part: Uint8Array): void {
    const needed = this.length + part.length
    if (needed > this.#room.length) {
      const room = new Uint8Array(2 * needed)
      room.set(this.#room.subarray(0, this.length))
      this.#room = room
    }
    this.#room.set(part, this.length)
    this.length = needed
  }

  /** Gives a copy away, and begins anew. */
  take(): Uint8Array {
    const taken = this.#room.slice(0, this.length)
    if (this.#room.length > KEPT) this.#room = new Uint8Array(KEPT)
    this.length = 0
    return taken
  }
}
