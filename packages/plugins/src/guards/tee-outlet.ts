import { isUint8Array } from 'node:util/types'
import type { ConnectionInfo, Direction, Emit, Stage } from '@millrace/core'
import { sizeOfItem } from './item-size.ts'

/** One item that went by. */
export interface TeeCopy {
  readonly direction: Direction
  /** Whose it is: `id` and addresses. */
  readonly connection: ConnectionInfo
  /** By the connection's clock, in ms. */
  readonly time: number
  /** Bytes are a copy, its taker's to keep and to change; any other item is the very one that went on. */
  readonly item: unknown
  /** Bytes of the item, those included that `maxBytes` cut off. */
  readonly bytes: number
}

/** What takes copies: a function, or what has a `next`, such as an RxJS Subject. A promise it returns is waited for. */
export type TeeTarget = ((copy: TeeCopy) => unknown) | { next(copy: TeeCopy): void }

/** What of the copies of one connection was not taken. */
export interface TeeLosses {
  /** Copies that were left out, because too much was in hand. */
  dropped: number
  /** What the target threw first, or its promise rejected with. */
  error?: unknown
}

/** Bounds of a {@link TeeOutlet}, in bytes. */
export interface TeeBounds {
  readonly maxBytes: number
  readonly maxPending: number
}

/** What an item counts for beside its bytes. */
const CHARGE = 128

/** Gives copies of one connection to a target, and is never stopped or slowed by it. */
export class TeeOutlet {
  readonly losses: TeeLosses = { dropped: 0 }
  readonly #target: (copy: TeeCopy) => unknown
  readonly #bounds: TeeBounds
  #pending = 0

  constructor(target: TeeTarget, bounds: TeeBounds) {
    this.#target = typeof target === 'function' ? target : (copy) => target.next(copy)
    this.#bounds = bounds
  }

  give(item: unknown, facts: Omit<TeeCopy, 'item' | 'bytes'>): void {
    const bytes = sizeOfItem(item)
    const { maxBytes, maxPending } = this.#bounds
    const size = Math.min(bytes, maxBytes) + CHARGE
    if (this.#pending + size > maxPending) {
      this.losses.dropped++
      return
    }
    const copied = isUint8Array(item) ? Uint8Array.from(item.subarray(0, maxBytes)) : item
    try {
      const taken = this.#target({ ...facts, item: copied, bytes })
      if (taken instanceof Promise) this.#await(taken, size)
    } catch (error) {
      this.losses.error ??= error
    }
  }

  #await(taken: Promise<unknown>, size: number): void {
    this.#pending += size
    const settled = (): void => void (this.#pending -= size)
    taken.then(settled, (error: unknown) => {
      settled()
      this.losses.error ??= error
    })
  }
}

/**
 * One direction: gives a copy of each item away, then passes on the item itself. It does not say that it keeps nothing (`borrows`): a
 * message is given away as it is, and may have views of the bytes that it was read from.
 */
export class TeeStage implements Stage<unknown, unknown> {
  readonly #give: (item: unknown) => void

  constructor(give: (item: unknown) => void) {
    this.#give = give
  }

  push(item: unknown, emit: Emit<unknown>): void {
    this.#give(item)
    emit(item)
  }
}
