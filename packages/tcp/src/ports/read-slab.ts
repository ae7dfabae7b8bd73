import { sharedMemory } from './shared-memory.ts'

/** Bytes of one slab. */
const SLAB = 256 * 1024
/** A read has room for at least so much. */
const LEAST_ROOM = 64 * 1024

/**
 * Memory that bulk is read into where its reader may keep it, whichever connection it comes from: what came is the reader's, and the next
 * read goes behind it. A chunk that is kept pins its slab.
 */
export class ReadSlab {
  #room: Buffer = Buffer.alloc(0)

  /** What the next read may fill. */
  room(): Buffer {
    if (this.#room.length < LEAST_ROOM) this.#room = sharedMemory(SLAB)
    return this.#room
  }

  /** The first bytes of the {@link room}, which were read into it. */
  take(length: number): Buffer {
    const taken = this.#room.subarray(0, length)
    // The next one begins on a word of its own.
    this.#room = this.#room.subarray((length + 7) & ~7)
    return taken
  }
}
