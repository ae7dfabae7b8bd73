import type { Metric } from './parse.ts'
import { type TimerReport, Timings } from './timings.ts'

/** What has been measured in one interval. */
export interface Report {
  /** How long the interval was. */
  readonly seconds: number
  readonly counters: Readonly<Record<string, { readonly count: number; readonly perSecond: number }>>
  /** The last value of each; they stay from one interval to the next. */
  readonly gauges: Readonly<Record<string, number>>
  readonly timers: Readonly<Record<string, TimerReport>>
  /** How many different values there were. */
  readonly sets: Readonly<Record<string, number>>
  readonly badLines: number
  /** Metrics for whose name, or value of a set, there was no room. */
  readonly dropped: number
}

/** Of an {@link Aggregate}. */
export interface AggregateLimits {
  /** Names of metrics, and values of all sets, in one interval. */
  readonly maxNames: number
  /** Above 0, at most 100. */
  readonly percentiles: readonly number[]
}

/** Adds up the metrics of an interval. Names are the senders' choice, so there is room for only so many. */
export class Aggregate {
  readonly #limits: AggregateLimits
  readonly #counters = new Map<string, number>()
  readonly #gauges = new Map<string, number>()
  readonly #timers = new Map<string, Timings>()
  readonly #sets = new Map<string, Set<string>>()
  #setValues = 0
  #badLines = 0
  #dropped = 0

  constructor(limits: AggregateLimits) {
    this.#limits = limits
  }

  /** Counts a line that was no metric. */
  addBad(): void {
    this.#badLines++
  }

  add({ name, type, value, rate }: Metric): void {
    if (type === 'set') return this.#addToSet(name, value)
    const table = { counter: this.#counters, gauge: this.#gauges, timer: this.#timers }[type]
    if (!table.has(name) && this.#names >= this.#limits.maxNames) return void this.#dropped++
    const number = Number(value)
    if (type === 'counter') this.#counters.set(name, (this.#counters.get(name) ?? 0) + number / rate)
    // With a sign it is a change.
    else if (type === 'gauge') this.#gauges.set(name, (/^[+-]/.test(value) ? this.#gauges.get(name) ?? 0 : 0) + number)
    else this.#timings(name).add(number, rate)
  }

  /** What there is, and begins the next interval: all but gauges from nothing. */
  flush(seconds: number): Report {
    const { percentiles } = this.#limits
    const report = {
      seconds,
      counters: inOrder(this.#counters, (count) => ({ count, perSecond: count / seconds })),
      gauges: inOrder(this.#gauges, (value) => value),
      timers: inOrder(this.#timers, (timings) => timings.report(seconds, percentiles)),
      sets: inOrder(this.#sets, ({ size }) => size),
      badLines: this.#badLines,
      dropped: this.#dropped,
    }
    for (const table of [this.#counters, this.#timers, this.#sets]) table.clear()
    this.#setValues = this.#badLines = this.#dropped = 0
    return report
  }

  get #names(): number {
    return this.#counters.size + this.#gauges.size + this.#timers.size + this.#setValues
  }

  #timings(name: string): Timings {
    const timings = this.#timers.get(name) ?? new Timings()
    this.#timers.set(name, timings)
    return timings
  }

  #addToSet(name: string, value: string): void {
    const values = this.#sets.get(name) ?? new Set()
    if (values.has(value)) return
    if (this.#names >= this.#limits.maxNames) return void this.#dropped++
    this.#sets.set(name, values.add(value))
    this.#setValues++
  }
}

function inOrder<T, R>(table: ReadonlyMap<string, T>, told: (value: T) => R): Record<string, R> {
  const entries = [...table].map(([name, value]) => [name, told(value)] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
