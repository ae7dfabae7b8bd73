import type { PeerName } from '../peers/index.ts'
import type { Workload } from '../workloads/workload.ts'
import type { GeneratorCalls, ServerCalls } from './calls.ts'
import { Child } from './child.ts'
import type { Cores } from './cores.ts'
import { type Summary, summarize } from './statistics.ts'

/** How much is measured. */
export interface MeasureOptions {
  readonly laps: number
  /** Of one server in one lap, in milliseconds. */
  readonly turn: number
  readonly cores: Cores
  /** Flags of Node's for the servers. */
  readonly flags: readonly string[]
}

/** What one peer came to under one workload. */
export interface Result {
  readonly peer: PeerName
  /** Why there are no figures: it could not be loaded, say. */
  readonly missing?: string
  /** Microseconds of the server's CPU per message. */
  readonly cost?: Summary
  /** Messages per second of CPU, over those of the base in the same lap. */
  readonly ratio?: Summary
  /** In all laps. */
  readonly lost: number
}

interface Contestant {
  readonly peer: PeerName
  readonly server: Child<ServerCalls>
  readonly port: number
  /** Microseconds of CPU per message, lap by lap. */
  readonly costs: number[]
  lost: number
}

/** A turn before the first lap, in milliseconds: compiled code is what is to be measured. */
const WARM_UP = 1_000

/**
 * Measures all peers of a workload in pairs: their servers are all alive, the generator goes from one to the next, and
 * what is compared is what two came to in the same lap; so a machine that changes its speed changes both.
 *
 * The CPU time of a server is read while it is idle, before and after a turn, and the generator counts what came back
 * between: so no work goes uncounted, and none of another turn is counted in.
 */
export async function measure(workload: Workload, options: MeasureOptions): Promise<readonly Result[]> {
  const names = [workload.base, ...workload.others]
  const { cores, flags } = options
  const generator = new Child<GeneratorCalls>('generator-main', [], cores.generator)
  const servers = names.map((name) => new Child<ServerCalls>('server-main', [name], cores.servers, flags))
  try {
    const prepared: (Contestant | Result)[] = []
    for (const [index, peer] of names.entries()) {
      prepared.push(await prepare(peer, servers[index] as Child<ServerCalls>, generator, workload))
    }
    const contestants = prepared.filter((one) => 'server' in one)
    for (let lap = 0; lap < options.laps; lap++) {
      // Each lap begins with another server, so that none always runs after the same one.
      for (let i = 0; i < contestants.length; i++) {
        await takeTurn(contestants[(lap + i) % contestants.length] as Contestant, generator, options.turn)
      }
    }
    const base = contestants.find(({ peer }) => peer === workload.base)
    return prepared.map((one) => ('server' in one ? resultOf(one, base) : one))
  } finally {
    await Promise.all([generator, ...servers].map((child) => child.close()))
  }
}

async function prepare(
  peer: PeerName,
  server: Child<ServerCalls>,
  generator: Child<GeneratorCalls>,
  { load }: Workload,
): Promise<Contestant | Result> {
  try {
    const port = await server.call('listen')
    await generator.call('verify', port, load)
    await generator.call('open', port, load)
    await generator.call('run', port, WARM_UP)
    return { peer, server, port, costs: [], lost: 0 }
  } catch (error) {
    return { peer, lost: 0, missing: error instanceof Error ? error.message : String(error) }
  }
}

async function takeTurn(contestant: Contestant, generator: Child<GeneratorCalls>, turn: number): Promise<void> {
  const { server, port, costs } = contestant
  const before = await server.call('cpu')
  const { messages, lost } = await generator.call('run', port, turn)
  const after = await server.call('cpu')
  contestant.lost += lost
  costs.push((after - before) / messages)
}

function resultOf({ peer, costs, lost }: Contestant, base: Contestant | undefined): Result {
  const cost = summarize(costs)
  if (base === undefined) return { peer, cost, lost }
  return { peer, cost, lost, ratio: summarize(costs.map((own, lap) => (base.costs[lap] as number) / own)) }
}
