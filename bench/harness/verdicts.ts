import type { Workload } from '../workloads/workload.ts'
import { compare, type Result } from './result.ts'
import type { Summary } from './statistics.ts'

/** What became of one goal of a workload. */
export interface Verdict {
  readonly work: string
  readonly of: string
  /** What it is compared with; undefined where messages lost are counted. */
  readonly against: string | undefined
  readonly ratio: Summary | undefined
  readonly floor: number
  readonly aim: number
  /** Whether more is better. */
  readonly upwards: boolean
  /** `missing`: the one row or the other was not there, and need not be. */
  readonly state: 'missed' | 'holds' | 'reached' | 'missing'
  readonly driver?: string
}

/** The goals of a workload, each with what came of it. A goal one of whose rows was not run is left out. */
export function verdictsOf(workload: Workload, results: readonly Result[]): readonly Verdict[] {
  const find = (label: string): Result | undefined => results.find((result) => result.label === label)
  const verdicts: Verdict[] = []
  for (const { of, against, floor, aim, ifThere } of workload.goals) {
    const [own, other] = [find(of), find(against)]
    if (own === undefined || other === undefined) continue
    const upwards = workload.compares === 'speed'
    const ratio = compare(own, other, workload.compares)
    const state = ratio ? stateOf(ratio.median, floor, aim, upwards) : ifThere ? 'missing' : 'missed'
    const driver = own.driver === undefined ? {} : { driver: own.driver }
    verdicts.push({ work: workload.name, of, against, ratio, floor, aim, upwards, state, ...driver })
  }
  for (const label of workload.lossless ?? []) {
    const own = find(label)
    if (own === undefined || own.missing !== undefined) continue
    const state = own.lost === 0 ? 'reached' : 'missed'
    const common = { work: workload.name, of: label, against: undefined, floor: 0, aim: 0, upwards: false, state } as const
    verdicts.push({ ...common, ratio: { median: own.lost, lowest: own.lost, highest: own.lost } })
  }
  return verdicts
}

function stateOf(median: number, floor: number, aim: number, upwards: boolean): Verdict['state'] {
  const reaches = (bound: number): boolean => (upwards ? median >= bound : median <= bound)
  return reaches(aim) ? 'reached' : reaches(floor) ? 'holds' : 'missed'
}
