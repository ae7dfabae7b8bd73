import { expect, test } from 'vitest'
import { renderTable, rowsOf } from '../harness/table.ts'
import { verdictsOf } from '../harness/verdicts.ts'
import { withFigures } from '../harness/report.ts'
import type { Workload } from '../workloads/workload.ts'

const workload: Workload = {
  name: 'some work',
  measures: 'cpu',
  load: { transport: 'udp', pace: 'steady', connections: 1, window: 1, size: 1, reply: 'same' },
  base: { peer: 'node:dgram' },
  others: [],
  compares: 'speed',
  goals: [
    { of: 'millrace, UDP', against: 'node:dgram', floor: 1.5, aim: 2.5 },
    { of: 'millrace, UDP', against: 'C, recvmmsg', floor: 0.5, aim: 0.8, ifThere: true },
  ],
  lossless: ['millrace, UDP'],
}

const results = [
  { label: 'node:dgram', laps: [9, 10, 11], lost: 2 },
  { label: 'millrace, UDP', laps: [4.5, 5, 4], lost: 0, driver: 'node' },
  { label: 'C, recvmmsg', laps: [], lost: 0, missing: 'no C compiler' },
]

test('a row per server, then one for each goal against another than the first', () => {
  expect(rowsOf(workload, results, verdictsOf(workload, results))).toEqual([
    ['some work', 'node:dgram', '', '10.00 µs, 2 lost', '', '', '', ''],
    ['', 'millrace, UDP', 'node', '4.50 µs', '2.00x (2.00x to 2.75x)', '1.50x', '2.50x', 'holds'],
    ['', 'C, recvmmsg', '', 'missing: no C compiler', '', '', '', ''],
    ['', 'millrace, UDP / C, recvmmsg', 'node', '', '', '0.50x', '0.80x', 'not measured'],
    ['', 'millrace, UDP: lost', '', '0', '', '0', '0', 'aim reached'],
  ])
})

test('memory is told in KB', () => {
  const [row] = rowsOf({ ...workload, measures: 'memory' }, [{ label: 'node:dgram', laps: [7_260], lost: 0 }], [])
  expect(row?.[3]).toBe('7.26 KB')
})

test('the table is Markdown, aligned, and keeps a bar within a cell', () => {
  const lines = renderTable([['a|b', 'server', '', '1.00 µs', '', '', '', '']]).split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[2]).toContain('a\\|b')
  expect(new Set(lines.map((line) => line.length)).size).toBe(1)
})

test('figures replace what is between their marks, and nothing else', () => {
  const document = 'before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n'
  expect(withFigures(document, 'new')).toBe('before\n<!-- figures -->\nnew\n<!-- /figures -->\nafter\n')
  expect(() => withFigures('no marks', 'new')).toThrow('<!-- figures -->')
})
