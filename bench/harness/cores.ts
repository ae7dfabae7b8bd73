import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** One processor to keep a process on. */
export interface Core {
  /** What goes before the command line; nothing where processes cannot be pinned. */
  readonly prefix: readonly string[]
}

/**
 * Servers on one processor, the generator on another: neither takes the other's time, nor does the scheduler move them.
 */
export interface Cores {
  readonly servers: Core
  readonly generator: Core
  /** For the table. */
  readonly about: string
}

/** Finds out whether processes can be pinned: with `taskset`, on two processors or more. */
export function findCores(): Cores {
  const free: Core = { prefix: [] }
  const cores = availableParallelism()
  if (cores < 2) return { servers: free, generator: free, about: 'servers and generator share the one core' }
  const probe = spawnSync('taskset', ['-c', '0,1', process.execPath, '-e', ''], { stdio: 'ignore' })
  if (probe.status !== 0) return { servers: free, generator: free, about: `${cores} cores, processes not pinned` }
  const pinned = (core: number): Core => ({ prefix: ['taskset', '-c', String(core)] })
  const about = `${cores} cores, servers pinned to one and the generator to another`
  return { servers: pinned(0), generator: pinned(1), about }
}
