import { expect, test } from 'vitest'
import { compare, joined } from '../harness/result.ts'
import { summarize } from '../harness/statistics.ts'

test('an odd number of values has its middle one as median', () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, lowest: 1, highest: 3 })
})

test('an even number of values has the mean of its middle two as median', () => {
  expect(summarize([4, 1, 10, 2])).toEqual({ median: 3, lowest: 1, highest: 10 })
})

test('nothing measured has no summary', () => {
  expect(() => summarize([])).toThrow(RangeError)
})

const row = (label: string, ...laps: readonly number[]) => ({ label, laps, lost: 0 })

test('speed is how many times the other cost, within a lap', () => {
  // A machine that is twice as slow in the second lap changes both.
  const ratio = compare(row('own', 5, 10, 5), row('other', 10, 20, 15), 'speed')
  expect(ratio).toEqual({ median: 2, lowest: 2, highest: 3 })
})

test('cost is how many times the own cost is the other', () => {
  expect(compare(row('own', 5, 10), row('other', 10, 20), 'cost')).toEqual({ median: 0.5, lowest: 0.5, highest: 0.5 })
})

test('rows of which one was not measured are not compared', () => {
  expect(compare(row('own', 5), { ...row('other'), missing: 'not installed' }, 'speed')).toBeUndefined()
})

test('rounds are joined row by row, so that laps stay in pairs', () => {
  const first = [row('base', 4, 5), { ...row('own', 2, 3), lost: 1, driver: 'node' }]
  const both = joined(joined([], first), [row('base', 6), { ...row('own', 1), lost: 2 }])
  expect(both).toEqual([row('base', 4, 5, 6), { ...row('own', 2, 3, 1), lost: 3, driver: 'node' }])
})

test('a row that is missing in one round is missing', () => {
  const gone = { ...row('own'), missing: 'does not listen' }
  expect(joined([row('own', 1)], [gone])).toEqual([gone])
  expect(joined([gone], [row('own', 1)])).toEqual([gone])
})
