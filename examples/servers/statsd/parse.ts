/** One measurement. */
export interface Metric {
  /** With its tags, where it has any: `requests#host:a`. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'timer' | 'set'
  /** Of a set any text. */
  readonly value: string
  /** The part of all events that was sent: above 0, at most 1. */
  readonly rate: number
}

const METRIC = /^([^:|@#]{1,255}):([^:|]{1,255})\|(c|g|ms|h|d|s)(?:\|@([\d.]{1,16}))?(?:\|#([^|]{1,255}))?$/
const NUMBER = /^[+-]?(?:\d{1,32}(?:\.\d{0,32})?|\.\d{1,32})(?:[eE][+-]?\d{1,3})?$/
const TYPES = { c: 'counter', g: 'gauge', ms: 'timer', h: 'timer', d: 'timer', s: 'set' } as const

/**
 * Takes a line apart: `name:value|type`, then perhaps `|@rate` and `|#tags`. Histograms (`h`, `d`) count as timers.
 *
 * @returns undefined for what is no metric.
 * @see https://github.com/statsd/statsd/blob/master/docs/metric_types.md
 */
export function parseMetric(line: string): Metric | undefined {
  const [, name = '', value = '', code, rateText = '1', tags] = METRIC.exec(line) ?? []
  if (code === undefined) return undefined
  const type = TYPES[code as keyof typeof TYPES]
  const rate = Number(rateText)
  if (!(rate > 0 && rate <= 1)) return undefined
  if (type !== 'set' && !(NUMBER.test(value) && Number.isFinite(Number(value)))) return undefined
  return { name: tags === undefined ? name : `${name}#${tags}`, type, value, rate }
}
