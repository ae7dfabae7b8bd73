import type { Target } from './send-ring.ts'

/** A datagram that waits for room in the kernel; the bytes are its own. */
export interface WaitingSend {
  readonly data: Uint8Array
  readonly to: Target
}

/** Empty places at the front that are given back. */
const COMPACT_AT = 1_024

/** What the kernel had no room for, in order. Its bound is its owner's, which looks at `bytes` before it sends. */
export class WaitingSends {
  bytes = 0
  #items: (WaitingSend | undefined)[] = []
  #head = 0

  get empty(): boolean {
    return this.#head === this.#items.length
  }

  push(send: WaitingSend): void {
    this.#items.push(send)
    this.bytes += send.data.length
  }

  /** The one with so many before it. */
  at(index: number): WaitingSend | undefined {
    return this.#items[this.#head + index]
  }

  /** Takes so many from the front. */
  shift(count: number): void {
    for (let i = 0; i < count && !this.empty; i++) {
      this.bytes -= this.at(0)?.data.length ?? 0
      this.#items[this.#head++] = undefined
    }
    if (this.empty) this.#items = []
    else if (this.#head >= COMPACT_AT) this.#items = this.#items.slice(this.#head)
    else return
    this.#head = 0
  }

  clear(): void {
    this.bytes = 0
    this.#items = []
    this.#head = 0
  }
}
