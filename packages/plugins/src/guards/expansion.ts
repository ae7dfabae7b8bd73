import { FrameTooLongError } from '@millrace/core'

/** How far compressed bytes may expand. */
export interface ExpansionBounds {
  /** Bytes out for each byte in, over all that has come. */
  readonly maxRatio: number
  /** In bytes: what one chunk or datagram may expand to. */
  readonly maxOutput: number
}

/** In bytes: so little may come of anything, whatever the ratio. */
const ALWAYS_ALLOWED = 65_536

/** Keeps account of what compressed bytes expand to. */
export class Expansion {
  readonly #bounds: ExpansionBounds
  #input = 0
  #output = 0
  /** Of the chunk in hand. */
  #ofChunk = 0

  constructor(bounds: ExpansionBounds) {
    this.#bounds = bounds
  }

  /** A chunk, or a datagram, of so many bytes has come. */
  begin(bytes: number): void {
    this.#input += bytes
    this.#ofChunk = 0
  }

  /** How many bytes may come of it yet. */
  get allowed(): number {
    const { maxRatio, maxOutput } = this.#bounds
    const byRatio = Math.max(ALWAYS_ALLOWED, this.#input * maxRatio) - this.#output
    return Math.max(0, Math.floor(Math.min(byRatio, maxOutput - this.#ofChunk)))
  }

  /**
   * So many more bytes have come out.
   *
   * @throws {@link FrameTooLongError}
   */
  add(bytes: number): void {
    const { allowed } = this
    this.#ofChunk += bytes
    this.#output += bytes
    if (bytes > allowed) throw new FrameTooLongError(this.#ofChunk - bytes + allowed, this.#ofChunk)
  }
}
