import { RECORD, SMALL } from './read-buffers.ts'
import { sharedMemory } from './shared-memory.ts'

/** Records in a block. */
const WINDOWS = 16
/** Blocks that are kept for the next bulk connection: 2 MiB. */
const MOST_POOLED = 8
/** A bulk connection that reads so many small records in a row is quiet again. */
const QUIET_AFTER = 8

const pool: Buffer[] = []

const newBlock = (): Buffer => pool.pop() ?? sharedMemory(WINDOWS * RECORD)

/**
 * What a bulk connection over TLS is read into whose reader borrows. Several records come in one turn and are answered together at its
 * end, so that they go round in a block of windows, each lent one of its own. Neighbours are written as one piece.
 */
export class LentRecords {
  /** The window that the next record is read into; it changes in {@link take} alone. */
  memory: Buffer
  /** Looks that have passed since the last read: see `Silence`. */
  silentFor = 0
  #block: Buffer = newBlock()
  /** Windows of the block that are lent. */
  #lent = 0
  /** The one to be read into. */
  #at = 0
  /** Blocks all of whose windows are lent. */
  readonly #full: Buffer[] = []
  #small = 0

  constructor() {
    this.memory = this.#window()
  }

  /** Whether bulk is over. */
  get quiet(): boolean {
    return this.#small >= QUIET_AFTER
  }

  /** The record that was read. @param lends - its reader keeps nothing of it; else it is to be copied before the next read. */
  take(length: number, lends: boolean): Uint8Array {
    this.silentFor = 0
    this.#small = length > SMALL ? 0 : this.#small + 1
    const record = this.memory.subarray(0, length)
    if (lends) this.#goOn()
    return record
  }

  /** Nothing of what was lent is in use any more. */
  free(): void {
    this.#lent = 0
    for (let block = this.#full.pop(); block; block = this.#full.pop()) giveBack(block)
  }

  /** The connection has no more use for it. @param free - nothing of it is in use: the next connection may have it. */
  release(free: boolean): void {
    if (!free) return
    this.free()
    giveBack(this.#block)
  }

  #goOn(): void {
    this.#at = (this.#at + 1) % WINDOWS
    if (++this.#lent === WINDOWS) {
      this.#full.push(this.#block)
      this.#block = newBlock()
      this.#lent = 0
    }
    this.memory = this.#window()
  }

  #window(): Buffer {
    return this.#block.subarray(this.#at * RECORD, (this.#at + 1) * RECORD)
  }
}

function giveBack(block: Buffer): void {
  if (pool.length < MOST_POOLED) pool.push(block)
}
