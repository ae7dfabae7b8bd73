import { summarize, type Summary } from './statistics.ts'

/** What one row came to. */
export interface Result {
  readonly label: string
  /** What it cost, lap by lap: microseconds of CPU per message, or bytes of memory per connection. */
  readonly laps: readonly number[]
  /** Messages lost in all laps. */
  readonly lost: number
  /** What moved a Millrace server's bytes. */
  readonly driver?: string
  /** Why there are no laps: it is not installed, say. */
  readonly missing?: string
}

/** The same rows of two rounds as one; a row that is missing in either of them is missing. */
export function joined(before: readonly Result[], round: readonly Result[]): readonly Result[] {
  if (before.length === 0) return round
  return before.map((first, row) => {
    const second = round[row] as Result
    if (first.missing !== undefined) return first
    if (second.missing !== undefined) return second
    return { ...first, laps: [...first.laps, ...second.laps], lost: first.lost + second.lost }
  })
}

/**
 * Two rows compared, lap by lap: `speed` is what `against` cost over what `of` cost, `cost` the other way round.
 *
 * @returns undefined where one of them has no laps.
 */
export function compare(of: Result, against: Result, how: 'speed' | 'cost'): Summary | undefined {
  const laps = Math.min(of.laps.length, against.laps.length)
  if (laps === 0) return undefined
  const ratios = of.laps.slice(0, laps).map((cost, lap) => {
    const other = against.laps[lap] as number
    return how === 'speed' ? other / cost : cost / other
  })
  return summarize(ratios)
}
