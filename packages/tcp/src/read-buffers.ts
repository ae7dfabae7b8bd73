import { Slab } from './slab.ts'

/** What quiet connections are read into, all of them: what comes is copied out before the next read. */
export const SHARED: Buffer = Buffer.allocUnsafeSlow(64 * 1024)

/** A read of more than this is the beginning of bulk, and the connection is given memory of its own. */
export const SMALL: number = 8 * 1024
/** A bulk connection that reads so many small chunks in a row is quiet again. */
const QUIET_AFTER = 8

/** Bytes of a buffer that is lent. Twice this saves no more system calls that show. */
const LENT = 256 * 1024
/** Bytes of a buffer that is given away: what a connection that is behind holds is counted in these. */
const GIVEN = 64 * 1024
/** Up to so many bytes, copying one by one costs less than the call that copies them. */
const BY_HAND = 128
/** Lent buffers kept for the next connection: 4 MiB. */
const MOST_POOLED = 16

/** Small and large chunks have slabs of their own, so that a few kept bytes do not pin what a bulk transfer needs. */
const small = new Slab(32 * 1024)
/** Blocks of this size the C library hands out again; one of 64 KiB for each read it gives back to the system in between. */
const large = new Slab(256 * 1024)

/** A copy of the first bytes, in memory that is its reader's to keep. */
export function copyOf(memory: Buffer, length: number): Uint8Array {
  const copy = (length > SMALL ? large : small).cut(length)
  if (length > BY_HAND) memory.copy(copy, 0, 0, length)
  else for (let i = 0; i < length; i++) copy[i] = memory[i] as number
  return copy
}

/** Takes back the copy that was made last, where nobody has it any more. */
export function forgetCopy(copy: Uint8Array): void {
  ;(copy.byteLength > SMALL ? large : small).uncut(copy)
}

/** What one bulk connection reads into. */
export abstract class BulkBuffer {
  /** Looks that have passed since the last read: see `Silence`. */
  silentFor = 0
  #small = 0

  /** To be read into next. */
  abstract readonly memory: Buffer

  /** Whether bulk is over. */
  get quiet(): boolean {
    return this.#small >= QUIET_AFTER
  }

  /** The chunk that was read into the memory. @param lent - its reader keeps nothing of it. */
  take(length: number, lent: boolean): Uint8Array {
    this.silentFor = 0
    this.#small = length > SMALL ? 0 : this.#small + 1
    return this.chunk(length, lent)
  }

  /** The chunk has been read. @param free - nothing of it, nor of any that was lent before, is in use. */
  abstract settle(free: boolean): void
  /** The connection has no more use for it. */
  abstract release(free: boolean): void
  protected abstract chunk(length: number, lent: boolean): Uint8Array
}

/** Bytes in a TLS record that is full (RFC 8446, 5.1). */
export const RECORD: number = 16 * 1024

const pool: Buffer[] = []

const pooled = (): Buffer => pool.pop() ?? Buffer.allocUnsafeSlow(LENT)

function giveBack(memory: Buffer): void {
  if (pool.length < MOST_POOLED) pool.push(memory)
}

/** For readers that borrow: the same memory is read into again as soon as nothing of what was in it is in use. */
class LentBuffer extends BulkBuffer {
  memory: Buffer = pooled()
  #isLent = false
  /** Memory of which something is in use. */
  readonly #inUse: Buffer[] = []

  protected chunk(length: number, lent: boolean): Uint8Array {
    this.#isLent = lent
    return lent ? this.memory.subarray(0, length) : copyOf(this.memory, length)
  }

  settle(free: boolean): void {
    if (free) {
      for (let memory = this.#inUse.pop(); memory; memory = this.#inUse.pop()) giveBack(memory)
    } else if (this.#isLent) {
      this.#inUse.push(this.memory)
      this.memory = pooled()
    }
    this.#isLent = false
  }

  release(free: boolean): void {
    if (!free) return
    this.settle(true)
    giveBack(this.memory)
  }
}

/**
 * For readers that borrow, of TLS: several records come in one read and wait together until they are answered, so that they go
 * round in one buffer, each into a window of its own.
 */
class LentRecords extends BulkBuffer {
  memory: Buffer
  readonly #size: number
  readonly #inUse: Buffer[] = []
  #whole: Buffer = pooled()
  #start = 0
  /** Bytes of it that are in use. */
  #used = 0
  #isLent = false

  /** @param size - bytes of a record at most. */
  constructor(size: number) {
    super()
    this.#size = size
    this.memory = this.#whole.subarray(0, size)
  }

  protected chunk(length: number, lent: boolean): Uint8Array {
    this.#isLent = lent
    return lent ? this.memory.subarray(0, length) : copyOf(this.memory, length)
  }

  settle(free: boolean): void {
    if (free) {
      this.#used = 0
      for (let memory = this.#inUse.pop(); memory; memory = this.#inUse.pop()) giveBack(memory)
    } else if (this.#isLent) {
      this.#goOn()
    }
    this.#isLent = false
  }

  release(free: boolean): void {
    if (!free) return
    this.settle(true)
    giveBack(this.#whole)
  }

  #goOn(): void {
    this.#used += this.#size
    if (this.#used === LENT) {
      this.#inUse.push(this.#whole)
      this.#whole = pooled()
      this.#used = 0
    }
    this.#start = (this.#start + this.#size) % LENT
    this.memory = this.#whole.subarray(this.#start, this.#start + this.#size)
  }
}

/** For readers that may keep what they read: it is theirs, and the next read goes elsewhere. */
class GivenBuffer extends BulkBuffer {
  memory: Buffer
  readonly #size: number

  /** @param size - bytes of one read at most. */
  constructor(size: number = GIVEN) {
    super()
    this.#size = size
    this.memory = large.cut(size)
  }

  protected chunk(length: number): Uint8Array {
    // A piece that is part empty would pin more than it holds.
    if (length < this.#size * 0.75) return copyOf(this.memory, length)
    const chunk = this.memory.subarray(0, length)
    this.memory = large.cut(this.#size)
    return chunk
  }

  settle(): void {}

  release(): void {}
}

/**
 * What a connection that has begun to read much reads into.
 *
 * @param lent - its reader keeps nothing of a chunk.
 * @param records - what it reads is TLS.
 */
export function bulkBuffer(lent: boolean, records: boolean): BulkBuffer {
  if (records) return lent ? new LentRecords(RECORD) : new GivenBuffer(RECORD)
  return lent ? new LentBuffer() : new GivenBuffer()
}
