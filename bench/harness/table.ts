import type { Workload } from '../workloads/workload.ts'
import { compare, type Result } from './result.ts'
import { summarize, type Summary } from './statistics.ts'
import type { Verdict } from './verdicts.ts'

type Row = readonly string[]

const HEAD: Row = ['work', 'server', 'driver', 'cost', 'against the first', 'floor', 'aim', '']

/** The rows of one workload: a server a row, then a row for each goal that is not about the first of them. */
export function rowsOf(workload: Workload, results: readonly Result[], verdicts: readonly Verdict[]): readonly Row[] {
  const [base] = results
  if (base === undefined) return []
  const rows = results.map((result, index) => {
    const { label, driver, missing } = result
    const start = [index === 0 ? workload.name : '', label, driver ?? '']
    if (missing !== undefined) return [...start, `missing: ${missing}`, '', '', '', '']
    const ratio = index === 0 ? undefined : compare(result, base, workload.compares)
    const verdict = verdicts.find(({ of, against }) => of === label && against === base.label)
    return [...start, costOf(workload, result), spread(ratio), ...verdictCells(verdict)]
  })
  const others = verdicts.filter(({ against }) => against !== base.label)
  return [...rows, ...others.map((verdict) => otherGoal(verdict))]
}

function otherGoal(verdict: Verdict): Row {
  const { of, against, ratio, driver = '' } = verdict
  if (against === undefined) return ['', `${of}: lost`, driver, String(ratio?.median), '', '0', '0', wordOf(verdict)]
  return ['', `${of} / ${against}`, driver, '', spread(ratio), ...verdictCells(verdict)]
}

function costOf(workload: Workload, { laps, lost }: Result): string {
  const { median } = summarize(laps)
  if (workload.measures === 'memory') return `${(median / 1000).toFixed(2)} KB`
  return `${median.toFixed(2)} µs${lost > 0 ? `, ${lost} lost` : ''}`
}

function verdictCells(verdict: Verdict | undefined): Row {
  if (verdict === undefined) return ['', '', '']
  return [times(verdict.floor), times(verdict.aim), wordOf(verdict)]
}

function wordOf({ state }: Verdict): string {
  return { missed: 'MISSED', holds: 'holds', reached: 'aim reached', missing: 'not measured' }[state]
}

function spread(ratio: Summary | undefined): string {
  return ratio ? `${times(ratio.median)} (${times(ratio.lowest)} to ${times(ratio.highest)})` : ''
}

/** A Markdown table that is aligned as text, too. */
export function renderTable(rows: readonly Row[]): string {
  const all = [HEAD, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = HEAD.map((_, column) => Math.max(1, ...all.map((row) => (row[column] ?? '').length)))
  const lines = all.map((row) => `| ${widths.map((width, i) => (row[i] ?? '').padEnd(width)).join(' | ')} |`)
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

const times = (ratio: number): string => `${ratio.toFixed(2)}x`
