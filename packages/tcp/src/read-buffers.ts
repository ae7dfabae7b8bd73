/** What quiet connections are read into, all of them: what comes is copied out before the next read. */
export const SHARED: Buffer = Buffer.allocUnsafeSlow(64 * 1024)

/** A read of more than this is the beginning of bulk, and the connection is given a buffer of its own. */
export const SMALL: number = 8 * 1024

/** What a bulk connection reads into. Twice this saves no more system calls that show. */
const BULK = 256 * 1024
/** What is left of a buffer that is given away piece by piece until it is not worth reading into. */
const LEAST = 64 * 1024
/** Buffers kept for the next bulk connection: 4 MiB. */
const MOST_POOLED = 16
/** A bulk connection that reads so many small chunks in a row is quiet again. */
const QUIET_AFTER = 8

/** Memory that small chunks are cut from: an allocation for each costs more than the copy. A chunk that is kept pins 32 KiB. */
const SLAB = 32 * 1024
let slab = Buffer.allocUnsafeSlow(SLAB)
let used = 0

/** A copy of `length` bytes, at most {@link SMALL}, that is its reader's. */
export function cut(from: Buffer, start: number, length: number): Uint8Array {
  if (used + length > SLAB) {
    slab = Buffer.allocUnsafeSlow(SLAB)
    used = 0
  }
  const at = used
  from.copy(slab, at, start, start + length)
  // The next one begins on a word of its own.
  used = (at + length + 7) & ~7
  return slab.subarray(at, at + length)
}

/** Takes back the chunk that was cut last, where it is that one: nobody has it any more. */
export function uncut(chunk: Uint8Array): void {
  if (chunk.buffer === slab.buffer && ((chunk.byteOffset + chunk.byteLength + 7) & ~7) === used) used = chunk.byteOffset
}

const pool: Buffer[] = []

function pooled(): Buffer {
  return pool.pop() ?? Buffer.allocUnsafeSlow(BULK)
}

function giveBack(memory: Buffer): void {
  if (pool.length < MOST_POOLED && memory.byteLength === BULK) pool.push(memory)
}

/**
 * What one bulk connection reads into. Where its readers borrow, the same buffer is read into again as soon as nothing of
 * what was in it is in use, and goes back to a pool; where they do not, what is read is theirs, piece after piece, until
 * too little of the buffer is left.
 */
export class BulkBuffer {
  memory: Buffer = pooled()
  /** Buffers of which something is in use. */
  readonly #lent: Buffer[] = []
  #small = 0

  /** Whether bulk has come to an end. */
  get quiet(): boolean {
    return this.#small >= QUIET_AFTER
  }

  /** The chunk that was read: a view, but for a small one that is not lent, which would pin too much. */
  take(length: number, lent: boolean): Uint8Array {
    this.#small = length > SMALL ? 0 : this.#small + 1
    return lent || length > SMALL ? this.memory.subarray(0, length) : cut(this.memory, 0, length)
  }

  /** The chunk was lent, and nothing of it or of any before is in use: it may be overwritten. */
  reuse(): void {
    for (let memory = this.#lent.pop(); memory; memory = this.#lent.pop()) giveBack(memory)
  }

  /** The chunk was lent, and something of it is in use. */
  lend(): void {
    this.#lent.push(this.memory)
    this.memory = pooled()
  }

  /** The chunk is its reader's from now on. */
  give(length: number): void {
    if (length <= SMALL) return
    const rest = this.memory.subarray((length + 7) & ~7)
    this.memory = rest.byteLength >= LEAST ? rest : Buffer.allocUnsafeSlow(BULK)
  }

  /** The connection has no more use for it. @param free - nothing that was lent is in use. */
  release(free: boolean): void {
    if (!free) return
    this.reuse()
    giveBack(this.memory)
  }
}
