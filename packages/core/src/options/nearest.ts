/** How many letters must be changed, added, dropped or swapped with a neighbour to make one word the other (Damerau). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    const above = rows[i - 1] as number[]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let least = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) least = Math.min(least, ((rows[i - 2] as number[])[j - 2] as number) + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return (rows[a.length] as number[])[b.length] as number
}

/**
 * The known word that a misspelt one was most likely meant to be: at most a third of its letters off, and no more than three.
 *
 * @example
 * nearest('upercaser', ['echo', 'uppercaser']) // 'uppercaser'
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const tolerance = Math.min(3, Math.ceil(word.length / 3))
  let best: { word: string; off: number } | undefined
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > tolerance) continue
    const off = distance(word.toLowerCase().slice(0, 64), candidate.toLowerCase().slice(0, 64))
    if (off <= tolerance && (best === undefined || off < best.off)) best = { word: candidate, off }
  }
  return best?.word
}
