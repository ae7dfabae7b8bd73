// A StatsD aggregator over UDP and TCP: counters, gauges, timers and sets, added up and reported at every interval.
import * as m from 'millrace'
import { jsonLine } from './shared/json-line.ts'
import { type Address, runDirectly, type Running, runningOf } from './shared/running.ts'
import { Aggregate, type AggregateLimits, type Report } from './statsd/aggregate.ts'
import { parseMetric } from './statsd/parse.ts'

/** Options of {@link startStatsd}. */
export interface StatsdOptions extends Address, Partial<AggregateLimits> {
  /** Gets what was measured, at every interval, and once more when all is closed. */
  readonly onReport: (report: Report) => void
  /** In ms. Default 10,000. */
  readonly interval?: number
  readonly clock?: m.Clock
}

/** In bytes. */
const LONGEST_LINE = 1024
/** Clients keep their connections, and have nothing to say for long. */
const TCP = { idleTimeout: 0, keepAlive: true, keepAliveInitialDelay: 60_000 }

/** Calls back at every interval, with its length in seconds; what it returns does so at once, for the last time. */
function everyInterval(clock: m.Clock, interval: number, call: (seconds: number) => void): () => void {
  let last = clock.now()
  const run = (): void => {
    const now = clock.now()
    call((now - last) / 1000)
    last = now
  }
  const again = (): void => {
    run()
    timer = clock.schedule(again, interval)
  }
  let timer = clock.schedule(again, interval)
  return () => {
    timer.cancel()
    run()
  }
}

/**
 * Adds up metrics, a line each and as many as fit into a datagram, over UDP and TCP on one port. What is no metric is
 * counted (`badLines`) and costs nothing else. UDP is served without sessions; nobody is ever answered.
 *
 * @example
 * const statsd = await startStatsd({ port: 10_125, onReport: ({ counters }) => console.log(counters) })
 */
export async function startStatsd({ onReport, interval = 10_000, ...options }: StatsdOptions): Promise<Running> {
  const { clock = m.systemClock, maxNames = 10_000, percentiles = [90, 99], ...address } = options
  const aggregate = new Aggregate({ maxNames, percentiles })
  const measuring = m.pipeline(
    m.lines({ maxLength: LONGEST_LINE, onTooLong: 'discard', unterminated: 'emit' }),
    m.text({ invalid: 'replace' }),
    m.respond((line): void => {
      const metric = parseMetric(line)
      if (metric) aggregate.add(metric)
      else if (line !== '') aggregate.addBad()
    }),
  )
  const running = runningOf(
    await m.serve(measuring, {
      tcp: { ...address, ...TCP },
      udp: { host: address.host, stateless: true },
      onEvent: ({ type }) => type === 'plugin-event' && aggregate.addBad(),
    }),
  )
  const flushLast = everyInterval(clock, interval, (seconds) => onReport(aggregate.flush(seconds)))
  const closed = running.closed.then((info) => {
    flushLast()
    return info
  })
  return { ...running, closed }
}

/** A line of JSON for each interval in which there was something. */
function print(report: Report): void {
  const parts = Object.values(report) as (object | number)[]
  const something = parts.some((part) => typeof part === 'object' && Object.keys(part).length > 0)
  if (something || report.badLines > 0) console.log(jsonLine(report))
}

await runDirectly(import.meta.url, (address) => startStatsd({ ...address, onReport: print }), {
  port: 10_125,
  hint: (port) => `printf 'visits:1|c\\nload:320|ms' | nc -u -w1 127.0.0.1 ${port}`,
})
