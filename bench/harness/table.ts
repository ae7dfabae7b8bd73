import type { Workload } from '../workloads/workload.ts'
import type { Result } from './measure.ts'

const HEAD = ['work', 'server', 'CPU per message', 'against the first', 'floor'] as const

/** Whether the workload's floor holds. */
export function holdsFloor({ floor }: Workload, results: readonly Result[]): boolean {
  const ratio = results.find(({ peer }) => peer === floor.peer)?.ratio
  return ratio !== undefined && ratio.median >= floor.ratio
}

/** The rows of one workload, a server a row. */
export function rowsOf(workload: Workload, results: readonly Result[]): readonly (readonly string[])[] {
  const { name, base, floor } = workload
  return results.map((result, index) => {
    const { peer, cost, ratio, lost, missing } = result
    const first = index === 0 ? name : ''
    if (missing !== undefined) return [first, peer, `missing: ${missing}`, '', '']
    const micros = cost ? `${cost.median.toFixed(2)} µs${lost > 0 ? `, ${lost} lost` : ''}` : ''
    const spread = ratio ? `${times(ratio.median)} (${times(ratio.lowest)} to ${times(ratio.highest)})` : ''
    const verdict = peer === floor.peer ? `${times(floor.ratio)}${holdsFloor(workload, results) ? '' : ' MISSED'}` : ''
    return [first, peer, micros, peer === base ? '' : spread, verdict]
  })
}

/** A Markdown table that is aligned as text, too. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const all = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string => {
    return `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`
  }
  return [line(HEAD), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}

const times = (ratio: number): string => `${ratio.toFixed(2)}x`
