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
