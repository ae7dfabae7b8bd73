import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { Aggregate, type Report } from '../../examples/servers/statsd/aggregate.ts'
import { parseMetric } from '../../examples/servers/statsd/parse.ts'
import { Timings } from '../../examples/servers/statsd/timings.ts'
import { startStatsd } from '../../examples/servers/statsd-aggregator.ts'

const limits = { maxNames: 4, percentiles: [90] }
const added = (aggregate: Aggregate, ...lines: readonly string[]): Aggregate => {
  for (const line of lines) {
    const metric = parseMetric(line)
    if (metric) aggregate.add(metric)
    else aggregate.addBad()
  }
  return aggregate
}
const reportOf = (...lines: readonly string[]): Report => added(new Aggregate(limits), ...lines).flush(10)

describe('parseMetric', () => {
  test.each([
    ['a.b:1|c', { name: 'a.b', type: 'counter', value: '1', rate: 1 }],
    ['a:-1.5e3|g', { name: 'a', type: 'gauge', value: '-1.5e3', rate: 1 }],
    ['a:320|ms|@0.1', { name: 'a', type: 'timer', value: '320', rate: 0.1 }],
    ['a:any one|s', { name: 'a', type: 'set', value: 'any one', rate: 1 }],
    ['a:1|h|@1|#host:b,zone:c', { name: 'a#host:b,zone:c', type: 'timer', value: '1', rate: 1 }],
  ])('takes %s apart', (line, expected) => {
    expect(parseMetric(line)).toEqual(expected)
  })

  const shapes = ['', 'a', 'a:1', ':1|c', 'a:|c', 'a:x|c', 'a:1|x']
  const numbers = ['a:1|c|@0', 'a:1|c|@2', 'a:1e999|c', 'a:0x10|c', 'a:Infinity|g']
  test.each([...shapes, ...numbers])('refuses %j', (line) => {
    expect(parseMetric(line)).toBeUndefined()
  })
})

describe('Aggregate', () => {
  test('adds counters up by their sample rate, and begins anew', () => {
    const aggregate = added(new Aggregate(limits), 'a:1|c', 'a:2|c|@0.1', 'b:-4|c')
    const { counters } = aggregate.flush(10)
    expect(counters).toEqual({ a: { count: 21, perSecond: 2.1 }, b: { count: -4, perSecond: -0.4 } })
    expect(aggregate.flush(10).counters).toEqual({})
  })

  test('keeps gauges, and changes them where a value has a sign', () => {
    const aggregate = added(new Aggregate(limits), 'a:10|g', 'a:+5|g', 'a:-1|g', 'b:-3|g')
    expect(aggregate.flush(10).gauges).toEqual({ a: 14, b: -3 })
    expect(added(aggregate, 'b:7|g').flush(10).gauges).toEqual({ a: 14, b: 7 })
  })

  test('reports timers, with a percentile that is one of the values', () => {
    const lines = Array.from({ length: 10 }, (_, i) => `t:${10 * (10 - i)}|ms`)
    expect(reportOf(...lines, 't:1000|ms|@0.1').timers).toEqual({
      t: { count: 20, perSecond: 2, lower: 10, upper: 1000, mean: 1550 / 11, median: 60, percentiles: { 90: 100 } },
    })
  })

  test('counts the different values of a set, and lines that are bad', () => {
    expect(reportOf('s:a|s', 's:b|s', 's:a|s', 'no', 'nor:this')).toMatchObject({ sets: { s: 2 }, badLines: 2 })
  })

  test('has room for so many names and no more', () => {
    const report = reportOf('a:1|c', 's:x|s', 's:y|s', 'g:1|g', 'late:1|c', 's:z|s', 't:1|ms', 'a:1|c', 's:x|s')
    expect(report).toMatchObject({ counters: { a: { count: 2 } }, sets: { s: 2 }, gauges: { g: 1 }, dropped: 3 })
    expect(report.timers).toEqual({})
  })

  test('tells names that objects have anyway', () => {
    expect(JSON.stringify(reportOf('__proto__:1|g', 'constructor:2|g').gauges)).toBe('{"__proto__":1,"constructor":2}')
  })
})

test('Timings keep so many values, and count them all', () => {
  const timings = new Timings()
  for (let i = 0; i < 100_000; i++) timings.add(i < 50_000 ? 1 : 2, 1)
  expect(timings.report(1, [1, 99])).toEqual({
    count: 100_000,
    perSecond: 100_000,
    lower: 1,
    upper: 2,
    mean: 1.5,
    median: expect.toBeOneOf([1, 2]),
    percentiles: { 1: 1, 99: 2 },
  })
})

describe('startStatsd', () => {
  test('reports at every interval of the clock, and what is left when it closes', async () => {
    const clock = new VirtualClock()
    const onReport = vi.fn<(report: Report) => void>()
    const statsd = await startStatsd({ onReport, interval: 1000, clock })
    clock.advance(999)
    expect(onReport).not.toHaveBeenCalled()
    clock.advance(1)
    clock.advance(2500)
    await statsd.close()
    await statsd.closed
    expect(onReport.mock.calls.map(([{ seconds }]) => seconds)).toEqual([1, 1, 1, 0.5])
    clock.advance(5000)
    expect(onReport).toHaveBeenCalledTimes(4)
  })
})
