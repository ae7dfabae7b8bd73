// `npm run bench`: measures, and prints one table. See README.md.
import { parseArgs } from 'node:util'
import { build } from './harness/build.ts'
import { findCores } from './harness/cores.ts'
import { measure } from './harness/measure.ts'
import { holdsFloor, renderTable, rowsOf } from './harness/table.ts'
import { workloads } from './workloads/index.ts'

const USAGE = `usage: npm run bench -- [--laps N] [--turn MS] [--only TEXT] [--profile DIR] [--no-build]
  --laps N      laps per workload, at least 1 (7)
  --turn MS     of each server in each lap, in milliseconds, at least 100 (500)
  --only TEXT   only the workloads whose name contains it
  --profile DIR writes a CPU profile of each server there; the figures are then those of a profiled run
  --no-build    measures what was built before`

function fail(message: string): never {
  console.error(`${message}\n${USAGE}`)
  process.exit(2)
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        laps: { type: 'string' },
        turn: { type: 'string' },
        only: { type: 'string', default: '' },
        profile: { type: 'string' },
        'no-build': { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function readNumber(name: string, text: string | undefined, otherwise: number, least: number): number {
  const number = text === undefined ? otherwise : Number(text)
  if (Number.isInteger(number) && number >= least) return number
  return fail(`--${name} takes a whole number from ${least} on, not "${text}"`)
}

const given = readOptions()
const laps = readNumber('laps', given.laps, 7, 1)
const turn = readNumber('turn', given.turn, 500, 100)
const chosen = workloads.filter(({ name }) => name.includes(given.only))
if (chosen.length === 0) fail(`no workload has "${given.only}" in its name`)

if (!given['no-build']) build()
const cores = findCores()
const flags = given.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${given.profile}`]
const rows: (readonly string[])[] = []
let missed = 0
for (const workload of chosen) {
  console.error(`measuring: ${workload.name}`)
  const results = await measure(workload, { laps, turn, cores, flags })
  rows.push(...rowsOf(workload, results))
  if (!holdsFloor(workload, results)) missed++
}
console.log(renderTable(rows))
const measured = `${laps} laps of ${turn} ms; medians, and the lowest to the highest lap`
console.log(`\nNode ${process.versions.node}, ${cores.about}; ${measured}`)
if (missed > 0) {
  console.log(`${missed} of ${chosen.length} floors missed`)
  process.exitCode = 1
}
