import { type Entry, labelOf, type Workload } from '../workloads/workload.ts'
import { peers } from '../peers/index.ts'
import { isGuest } from '../peers/sources.ts'

/**
 * What the short run takes of the workloads: of each, the rows that its goals are about, as far as they need nothing but
 * Node and what `npm ci` brings.
 */
export function shortPlan(workloads: readonly Workload[]): readonly Workload[] {
  return workloads.filter(({ fullOnly }) => !fullOnly).map((workload) => {
    const named = new Set(workload.goals.flatMap(({ of, against }) => [of, against]))
    for (const label of workload.lossless ?? []) named.add(label)
    const others = workload.others.filter((entry) => {
      return named.has(labelOf(entry)) && entry.fullOnly !== true && !isGuest(peers[entry.peer])
    })
    return { ...workload, others }
  })
}

/**
 * What compares this tree with another commit of ours: for each row of ours that row at that commit, and here. No goals:
 * whether a change is worth its cost is not for a table to say.
 *
 * @param revision - goes into the labels of that commit's rows.
 */
export function baselinePlan(workloads: readonly Workload[], revision: string): readonly Workload[] {
  const plan: Workload[] = []
  const seen = new Set<string>()
  for (const workload of workloads) {
    const entries = [workload.base, ...workload.others].filter(({ peer }) => peers[peer].ours)
    for (const entry of entries) {
      const load = { ...workload.load, ...entry.load }
      const key = JSON.stringify([entry.peer, workload.measures, load])
      // One row may stand in several workloads, as the base of the one and the subject of another.
      if (seen.has(key)) continue
      seen.add(key)
      const base: Entry = { ...entry, label: atRevision(labelOf(entry), revision) }
      const compares = workload.measures === 'cpu' ? 'speed' : 'cost'
      const { name, measures, stretch = 1, warmUp = stretch } = workload
      plan.push({ name, measures, load, base, others: [entry], compares, goals: [], stretch, warmUp })
    }
  }
  return plan
}

function atRevision(label: string, revision: string): string {
  return `${label} @${revision}`
}

/** Whether a row of {@link baselinePlan} is the other commit's. */
export function isAtRevision({ label }: Entry, revision: string): boolean {
  return label?.endsWith(` @${revision}`) === true
}
