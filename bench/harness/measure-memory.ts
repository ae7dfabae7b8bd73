import { setTimeout as delay } from 'node:timers/promises'
import { type Entry, labelOf, type Load, type Workload } from '../workloads/workload.ts'
import { peers } from '../peers/index.ts'
import { startGenerator } from './generator.ts'
import { type MeasureOptions, missing } from './measure.ts'
import type { Result } from './result.ts'
import { ServerProcess } from './server-process.ts'

/** Fresh servers of each row: a process that has grown does not shrink. */
const SERVERS = 5

/** Before memory is read, in milliseconds: what is to come of its own accord has come. */
const SETTLE = 500

interface Row {
  readonly entry: Entry
  readonly laps: number[]
  driver?: string | undefined
  failure?: unknown
}

/**
 * Measures the memory of an idle connection: what a fresh server's resident memory has grown by, in bytes for each, when
 * all connections of the load are open and each has had one reply. A lap is one fresh server of each row.
 */
export async function measureMemory(workload: Workload, options: MeasureOptions): Promise<readonly Result[]> {
  const rows: Row[] = [workload.base, ...workload.others].map((entry) => ({ entry, laps: [] }))
  for (let lap = 0; lap < SERVERS; lap++) {
    for (const row of rows) {
      if (row.failure !== undefined) continue
      try {
        row.laps.push(await weigh(row, { ...workload.load, ...row.entry.load }, options, lap === 0))
      } catch (error) {
        row.failure = error
      }
    }
  }
  return rows.map(({ entry, laps, driver, failure }) => {
    if (failure !== undefined) return missing(entry, failure)
    return { label: labelOf(entry), laps, lost: 0, ...(driver === undefined ? {} : { driver }) }
  })
}

async function weigh(row: Row, load: Load, options: MeasureOptions, first: boolean): Promise<number> {
  const { peer } = row.entry
  if (first) await verifyApart(row, load, options)
  const server = new ServerProcess(peer, options.cores.servers, { bench: options.benchOf(row.entry) })
  const generator = startGenerator(options.cores)
  try {
    const { port, driver } = await server.listening()
    row.driver = driver
    await delay(SETTLE)
    const before = server.resident()
    await generator.call('open', port, load, options.language)
    await generator.call('run', port, 0)
    await delay(SETTLE)
    return (server.resident() - before) / load.connections
  } finally {
    await generator.close()
    await server.close()
  }
}

/** In a server of its own: what it leaves behind is not to be weighed. */
async function verifyApart({ entry }: Row, load: Load, options: MeasureOptions): Promise<void> {
  const server = new ServerProcess(entry.peer, options.cores.servers, { bench: options.benchOf(entry) })
  const generator = startGenerator(options.cores)
  try {
    const { port } = await server.listening()
    await generator.call('verify', port, load, { halfClose: peers[entry.peer].noHalfClose !== true })
  } finally {
    await generator.close()
    await server.close()
  }
}
