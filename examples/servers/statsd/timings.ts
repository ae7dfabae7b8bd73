/** Of one timer in one interval, in the unit in which it was sent, mostly ms. */
export interface TimerReport {
  /** Of events, those that sampling left out included. */
  readonly count: number
  readonly perSecond: number
  readonly lower: number
  readonly upper: number
  readonly mean: number
  readonly median: number
  /** The highest value among so many per cent of the lowest: `{ 90: 17 }`. */
  readonly percentiles: Readonly<Record<number, number>>
}

/** Values that are kept for percentiles. */
const KEPT = 1024

/** The values of one timer: all of them up to a number, beyond that a random choice, each with the same chance. */
export class Timings {
  #values: number[] = []
  #seen = 0
  #count = 0
  #sum = 0
  #lower = Infinity
  #upper = -Infinity

  add(value: number, rate: number): void {
    this.#seen++
    this.#count += 1 / rate
    this.#sum += value
    this.#lower = Math.min(this.#lower, value)
    this.#upper = Math.max(this.#upper, value)
    const place = this.#seen <= KEPT ? this.#seen - 1 : Math.floor(Math.random() * this.#seen)
    if (place < KEPT) this.#values[place] = value
  }

  report(seconds: number, percentiles: readonly number[]): TimerReport {
    const sorted = this.#values.toSorted((a, b) => a - b)
    // The nearest rank: a value that there was.
    const at = (percent: number): number => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN
    return {
      count: this.#count,
      perSecond: this.#count / seconds,
      lower: this.#lower,
      upper: this.#upper,
      mean: this.#sum / this.#seen,
      median: at(50),
      percentiles: Object.fromEntries(percentiles.map((percent) => [percent, at(percent)])),
    }
  }
}
