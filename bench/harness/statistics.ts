/** What several laps came to. */
export interface Summary {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** @throws RangeError without values. */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  const lowest = sorted[0]
  const highest = sorted.at(-1)
  if (lowest === undefined || highest === undefined) throw new RangeError('nothing was measured')
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
  return { median, lowest, highest }
}
