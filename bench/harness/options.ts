import { parseArgs } from 'node:util'
import type { GeneratorLanguage } from '../load/open.ts'

const USAGE = `usage: npm run bench [-- OPTION...]        the floors, in under two minutes
       npm run bench:full [-- OPTION...]   every peer; installs them, 700 MB
  --only TEXT      only the workloads whose name contains it
  --laps N         laps per workload, at least 1 (7; full: 9)
  --rounds N       how often the servers are started anew meanwhile, at least 1 (1; full: 3)
  --turn MS        of each server in each lap, in milliseconds, at least 100 (160; full: 300)
  --baseline REV   our own servers alone, each against the same at that commit
  --generator C|Node   what makes the load (C where a compiler is)
  --json FILE      writes what every lap came to
  --write          puts table and chart into bench/README.md and bench/ratios.svg
  --profile DIR    writes a CPU profile of each Node server there; the figures are then those of a profiled run
  --no-build       measures what was built before`

/** What the command line asks for. */
export interface Options {
  readonly full: boolean
  readonly only: string
  readonly laps: number
  readonly rounds: number
  /** In milliseconds. */
  readonly turn: number
  readonly baseline: string | undefined
  /** What the generator is written in; undefined: in C where that can be compiled. */
  readonly generator: GeneratorLanguage | undefined
  readonly json: string | undefined
  readonly write: boolean
  readonly profile: string | undefined
  readonly build: boolean
}

/** Says what is wrong, and ends with 2, as bad usage does. */
export function fail(message: string): never {
  console.error(`${message}\n${USAGE}`)
  process.exit(2)
}

/** Reads the command line, or ends the process with what is wrong with it. */
export function readOptions(): Options {
  const given = parse()
  const { full, only, baseline, json, write, profile, 'no-build': noBuild } = given
  if (write && baseline !== undefined) fail('--write is for the floors, --baseline is about another commit')
  if (write && (only !== '' || profile !== undefined)) fail('--write takes all workloads, and no profiled run')
  return {
    full,
    only,
    laps: readNumber('laps', given.laps, full ? 9 : 7, 1),
    rounds: readNumber('rounds', given.rounds, full ? 3 : 1, 1),
    turn: readNumber('turn', given.turn, full ? 300 : 160, 100),
    baseline,
    generator: readGenerator(given.generator),
    json,
    write,
    profile,
    build: !noBuild,
  }
}

function parse() {
  try {
    return parseArgs({
      options: {
        full: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        laps: { type: 'string' },
        rounds: { type: 'string' },
        turn: { type: 'string' },
        baseline: { type: 'string' },
        generator: { type: 'string' },
        json: { type: 'string' },
        write: { type: 'boolean', default: false },
        profile: { type: 'string' },
        'no-build': { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function readGenerator(text: string | undefined): GeneratorLanguage | undefined {
  if (text === undefined || text === 'C' || text === 'Node') return text
  return fail(`--generator is C or Node, not "${text}"`)
}

function readNumber(name: string, text: string | undefined, otherwise: number, least: number): number {
  const number = text === undefined ? otherwise : Number(text)
  if (Number.isInteger(number) && number >= least) return number
  return fail(`--${name} takes a whole number from ${least} on, not "${text}"`)
}
