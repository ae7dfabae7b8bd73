import type { BaseConnection } from '../connection/base-connection.ts'
import { ReadBrake } from '../connection/read-brake.ts'
import { BufferOverflowError } from '../errors/connection-errors.ts'

/** What the brake of one stage needs of its run. */
export interface BrakeOwner {
  readonly connection: Pick<BaseConnection, 'bytesRead' | 'maxWriteBuffer'>
  readonly highWaterMark: number
  hold(): () => void
}

/**
 * Before an asynchronous stage of the output: stops the reading as well while far too much waits there that was written in answer to
 * what is read, as {@link ReadBrake} does for what is unsent, and fails at the bound that `write` has.
 */
export class OutputBrake {
  /** Bytes ever taken. */
  accepted = 0
  /** Bytes that wait. */
  level = 0
  readonly #owner: BrakeOwner
  readonly #brake: ReadBrake
  #release: (() => void) | undefined
  #whenEmpty: (() => void) | undefined

  constructor(owner: BrakeOwner) {
    this.#owner = owner
    this.#brake = new ReadBrake({ pause: () => (this.#release = owner.hold()), resume: () => this.#release?.() }, true)
  }

  /**
   * @param bytes - of an item that now waits too.
   * @param level - what waits, in bytes.
   * @returns what the connection is to fail with, where that is too much.
   */
  onItem(bytes: number, level: number): BufferOverflowError | undefined {
    const { highWaterMark, connection } = this.#owner
    this.accepted += bytes
    this.level = level
    if (level > connection.maxWriteBuffer) return new BufferOverflowError('an asynchronous stage', connection.maxWriteBuffer)
    this.#brake.onWrite(bytes, connection.bytesRead, this, highWaterMark)
    return undefined
  }

  whenEmpty(callback: () => void): void {
    this.#whenEmpty = callback
  }

  /** What waited has been taken, or will never be. */
  onTaken(): void {
    this.#whenEmpty?.()
    this.#whenEmpty = undefined
  }
}
