import type { GeneratorLanguage } from '../load/open.ts'
import { type Entry, labelOf, type Load, type Workload } from '../workloads/workload.ts'
import { peers } from '../peers/index.ts'
import type { Child } from './child.ts'
import type { GeneratorCalls } from './calls.ts'
import type { Cores } from './cores.ts'
import { startGenerator } from './generator.ts'
import { cpuBetween } from './proc.ts'
import { joined, type Result } from './result.ts'
import { ServerProcess } from './server-process.ts'

/** How much is measured, and with what. */
export interface MeasureOptions {
  /** In all rounds together, as many in each. */
  readonly laps: number
  /** How often the servers are started anew: memory lies differently in each process, and some of them are slower for it. */
  readonly rounds: number
  /** Of one server in one lap, in milliseconds. */
  readonly turn: number
  /** Of one server before the first lap, in milliseconds: compiled code is what is to be measured. */
  readonly warmUp: number
  readonly cores: Cores
  /** Of the generator. */
  readonly language: GeneratorLanguage
  /** Flags of Node's for the servers. */
  readonly flags: readonly string[]
  /** The folder of the bench whose build an entry runs, where it is not this one. */
  readonly benchOf: (entry: Entry) => string | undefined
}

interface Started {
  readonly entry: Entry
  readonly server: ServerProcess
}

interface Contestant extends Started {
  readonly generator: Child<GeneratorCalls>
  readonly port: number
  readonly driver: string | undefined
  /** Microseconds of CPU per message, lap by lap. */
  readonly laps: number[]
  lost: number
  /** Why it takes no more turns: it has crashed, say. */
  failure?: unknown
}

/** The processes of one workload, to be closed at its end. */
interface Crew {
  /** For all rows with few connections. */
  readonly generator: Child<GeneratorCalls>
  readonly processes: { close(): Promise<void> }[]
}

/** A row with more connections has a generator of its own: a process has only so many descriptors. */
const MOST_SHARED = 1_000

/**
 * Measures CPU time per message of all rows of a workload in pairs: their servers are all alive, the generator goes from
 * one to the next, and what is compared is what two came to in the same lap; so a machine that changes its speed changes
 * both.
 *
 * The CPU time of a server is read while it is idle, before and after a turn, and the generator counts what came back
 * between: so no work goes uncounted, and none of another turn is counted in.
 */
export async function measureCpu(workload: Workload, given: MeasureOptions): Promise<readonly Result[]> {
  const { stretch = 1, warmUp = stretch } = workload
  const laps = Math.ceil(given.laps / given.rounds)
  const options = { ...given, laps, turn: given.turn * stretch, warmUp: given.warmUp * warmUp }
  let results: readonly Result[] = []
  for (let round = 0; round < given.rounds; round++) results = joined(results, await measureRound(workload, options))
  return results
}

async function measureRound(workload: Workload, options: MeasureOptions): Promise<readonly Result[]> {
  const crew: Crew = { generator: startGenerator(options.cores), processes: [] }
  try {
    // All at once: they load their modules while others are prepared.
    const started = [workload.base, ...workload.others].map((entry) => start(entry, crew, options))
    const prepared: (Contestant | Result)[] = []
    for (const one of started) {
      prepared.push('server' in one ? await prepare(one, workload.load, crew, options) : one)
    }
    const contestants = prepared.filter((one) => 'server' in one)
    for (let lap = 0; lap < options.laps; lap++) {
      // Each lap begins with another server, so that none always runs after the same one.
      for (let i = 0; i < contestants.length; i++) {
        await takeTurn(contestants[(lap + i) % contestants.length] as Contestant, options.turn)
      }
    }
    return prepared.map((one) => ('server' in one ? resultOf(one) : one))
  } finally {
    await Promise.all([crew.generator, ...crew.processes].map((child) => child.close()))
  }
}

function start(entry: Entry, { processes }: Crew, { cores, flags, benchOf }: MeasureOptions): Started | Result {
  try {
    const server = new ServerProcess(entry.peer, cores.servers, { bench: benchOf(entry), flags })
    processes.push(server)
    return { entry, server }
  } catch (error) {
    return missing(entry, error)
  }
}

async function prepare(
  { entry, server }: Started,
  common: Load,
  { generator: shared, processes }: Crew,
  options: MeasureOptions,
): Promise<Contestant | Result> {
  try {
    const { port, driver } = await server.listening()
    const load = { ...common, ...entry.load }
    const generator = load.connections > MOST_SHARED ? startGenerator(options.cores) : shared
    if (generator !== shared) processes.push(generator)
    await generator.call('verify', port, load, { halfClose: peers[entry.peer].noHalfClose !== true })
    await generator.call('open', port, load, options.language)
    await generator.call('run', port, options.warmUp)
    return { entry, server, generator, port, driver, laps: [], lost: 0 }
  } catch (error) {
    return missing(entry, error)
  }
}

/** The row of a peer that is not there, or does not do the work. */
export function missing(entry: Entry, error: unknown): Result {
  const reason = error instanceof Error ? error.message : String(error)
  return { label: labelOf(entry), laps: [], lost: 0, missing: reason }
}

async function takeTurn(contestant: Contestant, turn: number): Promise<void> {
  const { server, generator, port, laps } = contestant
  if (contestant.failure !== undefined) return
  try {
    const before = server.cpu()
    const { messages, lost } = await generator.call('run', port, turn)
    contestant.lost += lost
    laps.push(cpuBetween(before, server.cpu()) / messages)
  } catch (error) {
    contestant.failure = error
  }
}

function resultOf({ entry, driver, laps, lost, failure }: Contestant): Result {
  if (failure !== undefined) return missing(entry, failure)
  return { label: labelOf(entry), laps, lost, ...(driver === undefined ? {} : { driver }) }
}
