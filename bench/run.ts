// `npm run bench`: measures, and prints one table. See README.md.
import { writeFileSync } from 'node:fs'
import { type Baseline, prepareBaseline } from './harness/baseline.ts'
import { build } from './harness/build.ts'
import { findCores } from './harness/cores.ts'
import { installGuests } from './harness/guests.ts'
import { measureCpu, type MeasureOptions } from './harness/measure.ts'
import { measureMemory } from './harness/measure-memory.ts'
import { fail, type Options, readOptions } from './harness/options.ts'
import { baselinePlan, isAtRevision, shortPlan } from './harness/plan.ts'
import { hasNativeGenerators } from './harness/native.ts'
import { checkProc } from './harness/proc.ts'
import { writeReport } from './harness/report.ts'
import type { Result } from './harness/result.ts'
import { renderTable, rowsOf } from './harness/table.ts'
import { type Verdict, verdictsOf } from './harness/verdicts.ts'
import { workloads } from './workloads/index.ts'
import type { Workload } from './workloads/workload.ts'

/** Before the first lap, in milliseconds. */
const WARM_UP = { short: 400, full: 700 } as const

function plan({ full, only }: Options, baseline: Baseline | undefined): readonly Workload[] {
  const chosen = (full ? workloads : shortPlan(workloads)).filter(({ name }) => name.includes(only))
  if (chosen.length === 0) fail(`no workload of this run has "${only}" in its name`)
  return baseline ? baselinePlan(chosen, baseline.revision) : chosen
}

function toMeasureOptions({ full, laps, rounds, turn, profile, generator }: Options, baseline: Baseline | undefined): MeasureOptions {
  return {
    laps,
    rounds,
    turn,
    warmUp: full ? WARM_UP.full : WARM_UP.short,
    cores: findCores(),
    language: generator ?? (hasNativeGenerators() ? 'C' : 'Node'),
    flags: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
    benchOf: (entry) => (baseline && isAtRevision(entry, baseline.revision) ? baseline.bench : undefined),
  }
}

function tryBaseline(revision: string): Baseline {
  try {
    return prepareBaseline(revision)
  } catch (error) {
    return fail(`no baseline: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const options = readOptions()
checkProc()
if (options.full) installGuests()
if (options.build) build()
const baseline = options.baseline === undefined ? undefined : tryBaseline(options.baseline)
const measuring = toMeasureOptions(options, baseline)

const rows: (readonly string[])[] = []
const verdicts: Verdict[] = []
const raw: { readonly workload: Workload; readonly results: readonly Result[] }[] = []
for (const workload of plan(options, baseline)) {
  console.error(`measuring: ${workload.name}`)
  const results = await (workload.measures === 'cpu' ? measureCpu : measureMemory)(workload, measuring)
  const found = verdictsOf(workload, results)
  rows.push(...rowsOf(workload, results, found))
  verdicts.push(...found)
  raw.push({ workload, results })
}

const { laps, rounds, turn } = options
const processes = rounds > 1 ? `, over ${rounds} processes of each server` : ''
const measured = `${laps} laps of ${turn} ms${processes}; medians, and the lowest to the highest lap`
const { cores, language } = measuring
const generator = language === 'C' && raw.some(({ workload }) => workload.load.tls) ? 'C, for TLS in Node' : language
const about = `Node ${process.versions.node}, ${cores.about}; generator in ${generator}; ${measured}.`
const table = renderTable(rows)
console.log(`${table}\n\n${about}`)
if (options.write) writeReport(table, about, verdicts)
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ about, raw, verdicts }, undefined, 2)}\n`)
const missed = verdicts.filter(({ state }) => state === 'missed').length
if (missed > 0) {
  console.log(`${missed} of ${verdicts.length} floors missed`)
  process.exitCode = 1
}
