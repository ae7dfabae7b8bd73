import { sharedMemory } from './shared-memory.ts'
import { Slab } from './slab.ts'

/**
 * What bulk connections that borrow are read into, all of them: what comes is lent, and used up before the next read. One
 * buffer for all stays in the processor's cache. Twice its size saves no more system calls that show.
 */
export const SHARED: Buffer = sharedMemory(256 * 1024)

/** The part of it for quiet connections: what comes is copied out, so that one who is behind holds no more of it. */
export const QUIET: Buffer = SHARED.subarray(0, 64 * 1024)

/** A read of more than this is the beginning of bulk. */
export const SMALL: number = 8 * 1024
/** Up to so many bytes, copying one by one costs less than the call that copies them. */
const BY_HAND = 128
/** Bytes in a TLS record that is full (RFC 8446, 5.1). */
export const RECORD: number = 16 * 1024
/** A bulk connection that reads so many small chunks in a row is quiet again. */
const QUIET_AFTER = 8
/** Bytes of memory that is given away: what a connection that is behind holds is counted in these. */
const GIVEN = 64 * 1024

/** Small and large chunks have slabs of their own, so that a few kept bytes do not pin what a bulk transfer needs. */
const small = new Slab(32 * 1024)
/** Blocks of this size the C library hands out again; one of 64 KiB for each read it gives back to the system in between. */
const large = new Slab(256 * 1024)

let lastHead: Buffer = SHARED

/** The first bytes of the shared memory, to be lent. In a steady stream the same object as before: a new one costs as much as copying a KiB. */
export function headOfShared(length: number): Buffer {
  if (lastHead.length !== length) lastHead = SHARED.subarray(0, length)
  return lastHead
}

/** A copy of the first bytes, in memory that is its reader's to keep. Quickest where there are no others, or the memory is the shared one. */
export function copyOf(memory: Buffer, length: number): Uint8Array {
  const copy = (length > SMALL ? large : small).cut(length)
  if (length > BY_HAND) copy.set(headOf(memory, length))
  else for (let i = 0; i < length; i++) copy[i] = memory[i] as number
  return copy
}

function headOf(memory: Buffer, length: number): Buffer {
  if (memory.length === length) return memory
  return memory === SHARED ? headOfShared(length) : memory.subarray(0, length)
}

/** Takes back the copy that was made last, where nobody has it any more. */
export function forgetCopy(copy: Uint8Array): void {
  ;(copy.length > SMALL ? large : small).uncut(copy)
}

/** What a bulk connection is read into whose reader may keep what it gets: it is the reader's, and the next read goes elsewhere. */
export class GivenMemory {
  memory: Buffer = large.cut(GIVEN)
  /** Looks that have passed since the last read: see `Silence`. */
  silentFor = 0
  #small = 0

  /** Whether bulk is over. */
  get quiet(): boolean {
    return this.#small >= QUIET_AFTER
  }

  /** The chunk that was read into the memory. */
  take(length: number): Uint8Array {
    this.silentFor = 0
    this.#small = length > SMALL ? 0 : this.#small + 1
    // A piece that is part empty would pin more than it holds.
    if (length < GIVEN * 0.75) return copyOf(this.memory, length)
    const chunk = this.memory.subarray(0, length)
    this.memory = large.cut(GIVEN)
    return chunk
  }
}
