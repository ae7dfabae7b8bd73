import type { Clock, Emit, Stage } from '@millrace/core'
import { DelayLine } from './delay-line.ts'

/** What goes wrong, and how often: shares from 0 to 1 of the items, times in ms. */
export interface FaultRates {
  readonly latency: number
  readonly jitter: number
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  readonly corrupt: number
  readonly split: number
}

/** How many items something was done to. */
export interface FaultCounts {
  lost: number
  duplicated: number
  reordered: number
  corrupted: number
  split: number
}

/** What a {@link FaultyStage} works with. */
export interface FaultySetting {
  readonly rates: FaultRates
  readonly random: () => number
  readonly clock: Clock
  readonly datagram: boolean
  /** Sends an item on from beside the stage. */
  readonly send: (item: unknown) => void
  readonly counts: FaultCounts
}

/** In ms: an item that is to be overtaken waits no longer than this for another. */
const MOST_LATE = 100

/** One direction in which things go wrong. */
export class FaultyStage implements Stage<unknown, unknown> {
  readonly #setting: FaultySetting
  readonly #line: DelayLine
  /** Waits to be overtaken. */
  #late: { readonly item: unknown } | undefined

  constructor(setting: FaultySetting) {
    this.#setting = setting
    this.#line = new DelayLine(setting.clock, !setting.datagram, setting.send)
  }

  push(item: unknown, emit: Emit<unknown>): void {
    const { rates, counts } = this.#setting
    if (this.#happens(rates.loss)) {
      counts.lost++
      return
    }
    const pieces = this.#piecesOf(this.#happens(rates.corrupt) ? this.#corrupted(item) : item)
    if (this.#happens(rates.duplicate)) {
      counts.duplicated++
      pieces.push(...pieces)
    }
    if (!this.#late && this.#happens(rates.reorder)) this.#keepLate(pieces)
    else pieces.push(...this.#takeLate())
    const { datagram } = this.#setting
    // Of several pieces only the first belongs to the datagram in hand, the others are datagrams of their own.
    for (const [i, piece] of pieces.entries()) this.#pass(piece, datagram && i > 0 ? undefined : emit)
  }

  /** What is still under way goes at once: the end would overtake it. */
  end(emit: Emit<unknown>): void {
    for (const item of [...this.#line.drain(), ...this.#takeLate()]) emit(item)
  }

  /** @param emit - left out where it has to go by itself. */
  #pass(piece: unknown, emit: Emit<unknown> | undefined): void {
    const { rates, random, datagram } = this.#setting
    const delay = rates.latency + (rates.jitter > 0 ? rates.jitter * random() : 0)
    if (emit && delay === 0 && (datagram || this.#line.empty)) emit(piece)
    else this.#line.add(piece, delay)
  }

  #keepLate(pieces: unknown[]): void {
    const late = { item: pieces.pop() }
    this.#late = late
    this.#setting.clock.schedule(() => {
      if (this.#late === late) for (const item of this.#takeLate()) this.#line.add(item, 0)
    }, MOST_LATE)
  }

  #takeLate(): unknown[] {
    if (!this.#late) return []
    const { item } = this.#late
    this.#late = undefined
    this.#setting.counts.reordered++
    return [item]
  }

  #happens(rate: number): boolean {
    return rate > 0 && this.#setting.random() < rate
  }

  /** A copy with one bit turned over. */
  #corrupted(item: unknown): unknown {
    if (!(item instanceof Uint8Array) || item.length === 0) return item
    const bytes = Uint8Array.from(item)
    const bit = this.#below(bytes.length * 8)
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
    this.#setting.counts.corrupted++
    return bytes
  }

  /** The item, or the two parts that it is cut into. */
  #piecesOf(item: unknown): unknown[] {
    if (!(item instanceof Uint8Array) || item.length < 2 || !this.#happens(this.#setting.rates.split)) return [item]
    this.#setting.counts.split++
    const cut = 1 + this.#below(item.length - 1)
    return [item.subarray(0, cut), item.subarray(cut)]
  }

  #below(limit: number): number {
    return Math.floor(this.#setting.random() * limit)
  }
}
