import { own } from './feed.ts'

/** Chunks up to this many bytes are copied together as they come; larger ones cost less as they are. */
const SMALL = 1024
const FIRST_SLAB = 4 * 1024
const LARGEST_SLAB = 64 * 1024

/** Shared by all that are empty; never pushed to. */
const NONE: Uint8Array[] = []

/**
 * Collects chunks for one write. Small ones are copied into a slab the moment they come: a stage that splits a read into
 * thousands of pieces would otherwise keep thousands of objects alive until the write, at some 200 bytes each.
 */
export class ChunkJoiner {
  #chunks: Uint8Array[] = NONE
  #slab: Uint8Array | undefined
  #used = 0
  /** The last of the chunks is small and still by itself: the next small one joins it in a slab. */
  #lastIsSmall = false

  /** @param joins - false where each chunk is a datagram. */
  push(chunk: Uint8Array, joins: boolean): void {
    if (!joins || chunk.length > SMALL) {
      this.#closeSlab()
      this.#append(chunk)
      this.#lastIsSmall = false
    } else if (this.#slab) {
      this.#copy(chunk)
    } else if (this.#lastIsSmall) {
      this.#slab = Buffer.allocUnsafe(FIRST_SLAB)
      this.#copy(this.#chunks.pop() as Uint8Array)
      this.#copy(chunk)
      this.#lastIsSmall = false
    } else {
      this.#append(chunk)
      this.#lastIsSmall = true
    }
  }

  /** All there is, in order; the array is the caller's to read. */
  take(): Uint8Array[] {
    this.#closeSlab()
    const chunks = this.#chunks
    this.#chunks = NONE
    this.#lastIsSmall = false
    return chunks
  }

  /** Copies what it was given and has not copied yet: that will be overwritten. */
  own(): void {
    this.#chunks = this.#chunks.map(own)
  }

  /** A literal of one takes a tenth of the memory that an empty array takes at its first push. */
  #append(chunk: Uint8Array): void {
    if (this.#chunks.length === 0) this.#chunks = [chunk]
    else this.#chunks.push(chunk)
  }

  #copy(chunk: Uint8Array): void {
    let slab = this.#slab as Uint8Array
    if (this.#used + chunk.length > slab.length) {
      const size = Math.min(LARGEST_SLAB, slab.length * 2)
      this.#closeSlab()
      slab = this.#slab = Buffer.allocUnsafe(size)
    }
    slab.set(chunk, this.#used)
    this.#used += chunk.length
  }

  #closeSlab(): void {
    if (this.#slab === undefined) return
    this.#append(this.#slab.subarray(0, this.#used))
    this.#slab = undefined
    this.#used = 0
  }
}
