import { expect, test } from 'vitest'
import { verdictsOf } from '../harness/verdicts.ts'
import type { Workload } from '../workloads/workload.ts'

const workload: Workload = {
  name: 'some work',
  measures: 'cpu',
  load: { transport: 'udp', pace: 'steady', connections: 1, window: 1, size: 1, reply: 'same' },
  base: { peer: 'node:dgram' },
  others: [{ peer: 'millrace, UDP' }, { peer: 'C, recvmmsg' }],
  compares: 'speed',
  goals: [
    { of: 'millrace, UDP', against: 'node:dgram', floor: 1.5, aim: 2 },
    { of: 'millrace, UDP', against: 'C, recvmmsg', floor: 0.5, aim: 0.8, ifThere: true },
  ],
  lossless: ['millrace, UDP'],
}

const base = { label: 'node:dgram', laps: [10, 10, 10], lost: 0 }
const inC = { label: 'C, recvmmsg', laps: [4, 4, 4], lost: 0 }
const own = (cost: number, lost = 0) => ({ label: 'millrace, UDP', laps: [cost, cost, cost], lost, driver: 'node' })

const states = (...results: Parameters<typeof verdictsOf>[1]) => verdictsOf(workload, results).map(({ state }) => state)

test('a goal is missed below its floor, holds from there on, and is reached at its aim', () => {
  expect(states(base, own(8), inC)).toEqual(['missed', 'holds', 'reached'])
  expect(states(base, own(6), inC)).toEqual(['holds', 'holds', 'reached'])
  expect(states(base, own(5), inC)).toEqual(['reached', 'reached', 'reached'])
  expect(states(base, own(10), inC)).toEqual(['missed', 'missed', 'reached'])
})

test('where less is better it is the other way round', () => {
  const goals = [{ of: 'millrace, UDP', against: 'node:dgram', floor: 0.7, aim: 0.3 }]
  const less = (cost: number) => verdictsOf({ ...workload, compares: 'cost', goals, lossless: [] }, [base, own(cost)])
  expect([8, 7, 3].map((cost) => less(cost)[0]?.state)).toEqual(['missed', 'holds', 'reached'])
})

test('one lost message is one too many', () => {
  expect(states(base, own(5, 1), inC)).toEqual(['reached', 'reached', 'missed'])
})

test('a goal against what need not be there is not measured without it, and any other is missed', () => {
  const gone = { label: 'C, recvmmsg', laps: [], lost: 0, missing: 'no C compiler' }
  expect(states(base, own(5), gone)).toEqual(['reached', 'missing', 'reached'])
  const failed = { label: 'millrace, UDP', laps: [], lost: 0, missing: 'wrong bytes' }
  expect(states(base, failed, inC)).toEqual(['missed', 'missing'])
})

test('a goal about a row that was not run is none', () => {
  expect(verdictsOf(workload, [base, own(5)])).toHaveLength(2)
})

test('a verdict names what moved the bytes', () => {
  expect(verdictsOf(workload, [base, own(5), inC])[0]).toMatchObject({ driver: 'node', ratio: { median: 2 } })
})
