import { describe, expect, test } from 'vitest'
import { baselinePlan, isAtRevision, shortPlan } from '../harness/plan.ts'
import { peers } from '../peers/index.ts'
import { isGuest } from '../peers/sources.ts'
import { workloads } from '../workloads/index.ts'
import { labelOf } from '../workloads/workload.ts'

const entriesOf = ({ base, others }: (typeof workloads)[number]) => [base, ...others]

describe('workloads', () => {
  test.each(workloads)('$name: its rows differ, and its goals are about them', (workload) => {
    const labels = entriesOf(workload).map(labelOf)
    expect(new Set(labels).size).toBe(labels.length)
    for (const { of, against } of workload.goals) expect(labels).toEqual(expect.arrayContaining([of, against]))
    expect(labels).toEqual(expect.arrayContaining([...(workload.lossless ?? [])]))
  })

  test.each(workloads)('$name: its aims lie beyond its floors', ({ goals, compares }) => {
    for (const { floor, aim } of goals) expect(compares === 'speed' ? aim > floor : aim < floor).toBe(true)
  })

  test('are told apart by their names', () => {
    expect(new Set(workloads.map(({ name }) => name)).size).toBe(workloads.length)
  })
})

test('the short run needs nothing that has to be installed or compiled', () => {
  const short = shortPlan(workloads)
  expect(short.flatMap(entriesOf).filter(({ peer }) => isGuest(peers[peer]))).toEqual([])
  expect(short.some(({ fullOnly }) => fullOnly)).toBe(false)
  expect(short.length).toBeGreaterThan(10)
})

test('a baseline has every row of ours once, against itself at the other commit', () => {
  const plan = baselinePlan(workloads, 'abc1234')
  const keys = plan.map(({ others: [own], load, measures }) => JSON.stringify([own?.peer, load, measures]))
  expect(new Set(keys).size).toBe(keys.length)
  for (const { base, others } of plan) {
    expect(peers[base.peer].ours).toBe(true)
    expect(others).toHaveLength(1)
    expect(others[0]?.peer).toBe(base.peer)
    expect(isAtRevision(base, 'abc1234')).toBe(true)
    expect(isAtRevision(others[0]!, 'abc1234')).toBe(false)
  }
})
