import StatsdClient from 'statsd-client'
import { VirtualClock } from '@millrace/core/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Running } from '../../examples/servers/shared/running.ts'
import type { Report } from '../../examples/servers/statsd/aggregate.ts'
import { startStatsd } from '../../examples/servers/statsd-aggregator.ts'
import { killAll, run } from './programs.ts'

const within = { timeout: 10_000, interval: 10 }

describe('statsd-aggregator', () => {
  let statsd: Running
  let port: string
  let clock: VirtualClock
  let last: Report | undefined

  beforeEach(async () => {
    clock = new VirtualClock()
    const onReport = (report: Report): void => void (last = report)
    statsd = await startStatsd({ onReport, interval: 10_000, percentiles: [50, 90], clock })
    port = String(statsd.port)
  })
  afterEach(async () => {
    await killAll()
    await statsd.close()
    expect(await statsd.closed).toEqual({ cutOff: 0 })
  })

  /** All that has been reported until there is a gauge of this name: what was sent before it has come by then. */
  const reportWith = async (name: string): Promise<Report> => {
    const reports: Report[] = []
    await vi.waitFor(() => {
      clock.advance(10_000)
      reports.push(last as Report)
      expect(last?.gauges).toHaveProperty([name])
    }, within)
    const counters = Object.assign({}, ...reports.map((report) => report.counters)) as Report['counters']
    const timers = Object.assign({}, ...reports.map((report) => report.timers)) as Report['timers']
    const sets = Object.assign({}, ...reports.map((report) => report.sets)) as Report['sets']
    return { ...(last as Report), counters, timers, sets }
  }

  test.each([false, true])('statsd-client sends counters, gauges, timers and sets (tcp: %s)', async (tcp) => {
    const client = new StatsdClient({ host: '127.0.0.1', port: Number(port), prefix: 'app', tcp })
    client.increment('hits', 3)
    client.counter('hits', 4)
    client.decrement('jobs', 2)
    client.gauge('level', 7)
    client.gaugeDelta('level', -3)
    for (const time of [10, 20, 30, 40]) client.timing('load', time)
    for (const user of [17, 23, 17]) client.set('users', user)
    client.gauge('done', 1)
    const { counters, gauges, timers, sets } = await reportWith('app.done')
    client.close()
    expect(counters).toEqual({
      'app.hits': { count: 7, perSecond: 0.7 },
      'app.jobs': { count: -2, perSecond: -0.2 },
    })
    expect(gauges).toEqual({ 'app.level': 4, 'app.done': 1 })
    const percentiles = { 50: 20, 90: 40 }
    expect(timers['app.load']).toMatchObject({ count: 4, lower: 10, upper: 40, mean: 25, percentiles })
    expect(sets).toEqual({ 'app.users': 2 })
  })

  test('nc sends a datagram of several metrics, of which a bad one costs itself alone', async () => {
    const lines = ['a:1|c', 'b:5|c|@0.5', 'no metric', `${'x'.repeat(1025)}:1|c`, 'a:2|c', 'ok:1|g']
    await run(['nc', '-u', '-w1', '127.0.0.1', port], lines.join('\n'))
    const report = await reportWith('ok')
    expect(report.counters).toEqual({ a: { count: 3, perSecond: 0.3 }, b: { count: 10, perSecond: 1 } })
    expect(report.badLines).toBe(2)
  })

  test('nc sends lines over TCP, of which the last is cut off by the end', async () => {
    await run(['nc', '-N', '127.0.0.1', port], 'a:1|c\r\na:1|c\nok:1|g')
    expect((await reportWith('ok')).counters).toEqual({ a: { count: 2, perSecond: 0.2 } })
  })
})
