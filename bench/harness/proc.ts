import { readdirSync, readFileSync } from 'node:fs'

/** CPU time of each thread of a process so far, in nanoseconds, by thread. */
export type CpuReading = ReadonlyMap<string, number>

/**
 * Reads what the scheduler has counted of a process, all its threads, user and system, to the nanosecond. What is running
 * at this moment counts from its next tick on: read while it is idle.
 *
 * @see {@link https://docs.kernel.org/scheduler/sched-stats.html | schedstat}
 * @throws where the process is gone.
 */
export function readCpu(pid: number): CpuReading {
  const tasks = `/proc/${pid}/task`
  const threads = readdirSync(tasks)
  return new Map(threads.map((thread) => [thread, cpuNanoseconds(`${tasks}/${thread}/schedstat`)]))
}

/** Threads come and go: one that has gone between the listing and here has done nothing since the last reading. */
function cpuNanoseconds(file: string): number {
  try {
    return parseSchedstat(readFileSync(file, 'latin1'))
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0
    throw error
  }
}

/** The first of the three numbers of a `schedstat`: time on the CPU, in nanoseconds. @throws where it is none. */
export function parseSchedstat(text: string): number {
  const [first] = /^\d+(?= \d+ \d+)/.exec(text) ?? []
  if (first === undefined) throw new Error(`no schedstat: "${text.slice(0, 40)}"`)
  return Number(first)
}

/** Between two readings, in microseconds. What a thread that is gone did in between is not known, and left out. */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  let nanoseconds = 0
  for (const [thread, time] of after) nanoseconds += Math.max(0, time - (before.get(thread) ?? 0))
  return nanoseconds / 1000
}

/** Resident memory of a process, in bytes. @throws where the process is gone. */
export function readResident(pid: number): number {
  return parseResident(readFileSync(`/proc/${pid}/status`, 'latin1'))
}

/** `VmRSS` of a process's `status`, which is in KiB. @throws where it is not there. */
export function parseResident(status: string): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
  if (kibibytes === undefined) throw new Error('no VmRSS')
  return Number(kibibytes) * 1024
}

/** @throws where they cannot be read: on anything but Linux. */
export function checkProc(): void {
  try {
    parseSchedstat(readFileSync('/proc/self/schedstat', 'latin1'))
    readResident(process.pid)
  } catch (error) {
    throw new Error('the bench reads CPU time and memory of its servers from /proc, as Linux has it', { cause: error })
  }
}
