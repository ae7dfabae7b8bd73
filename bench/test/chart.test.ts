import { expect, test } from 'vitest'
import { renderChart } from '../harness/chart.ts'
import type { Verdict } from '../harness/verdicts.ts'

const verdict: Verdict = {
  work: '`for await` echo',
  of: 'millrace',
  against: 'a & b',
  ratio: { median: 2, lowest: 1.5, highest: 4 },
  floor: 1,
  aim: 8,
  upwards: true,
  state: 'holds',
  driver: 'node',
}

/** The numbers of the elements of one style, in their order. */
function elements(svg: string, style: string): Record<string, number>[] {
  const found = svg.split('\n').filter((line) => line.includes(` class="${style}" `) && !line.includes('y="10"'))
  return found.map((line) => {
    return Object.fromEntries([...line.matchAll(/(\w+)="([\d.]+)"/g)].map(([, name, value]) => [name, Number(value)]))
  })
}

test('the bar goes from 1x to the median, the whisker over the laps, on a scale where doubling is a step', () => {
  const svg = renderChart([verdict], '')
  const [bar] = elements(svg, 'holds')
  // The first lines of these styles are the legend's.
  const [, whisker] = elements(svg, 'whisker')
  const [, floor] = elements(svg, 'floor')
  const [, aim] = elements(svg, 'aim')
  const step = (aim!['x1']! - floor!['x1']!) / 3
  expect(bar!['x']).toBeCloseTo(floor!['x1']!, 0)
  expect(bar!['width']).toBeCloseTo(step, 0)
  expect(whisker!['x2']! - bar!['x']!).toBeCloseTo(2 * step, 0)
})

test('a ratio below 1x goes to the left, and one off the scale ends at its end', () => {
  const [bar] = elements(renderChart([{ ...verdict, ratio: { median: 0.5, lowest: 0.01, highest: 1 } }], ''), 'holds')
  const [one] = elements(renderChart([verdict], ''), 'holds')
  expect(bar!['x']! + bar!['width']!).toBeCloseTo(one!['x']!, 0)
  const far = elements(renderChart([{ ...verdict, ratio: { median: 1_000, lowest: 1, highest: 1_000 } }], ''), 'holds')
  expect(far[0]!['x']! + far[0]!['width']!).toBeLessThan(960)
})

test('what was not measured says so, and lost messages are not drawn', () => {
  const svg = renderChart([{ ...verdict, ratio: undefined, state: 'missing' }, { ...verdict, against: undefined }], '')
  expect(svg.match(/not measured/g)).toHaveLength(1)
  expect(elements(svg, 'holds')).toHaveLength(0)
})

test('text is escaped, and what it was measured on stands below', () => {
  const svg = renderChart([verdict], 'Node <20>')
  expect(svg).toContain('millrace (node) / a &amp; b')
  expect(svg).toContain('Node &lt;20&gt;')
  expect(svg).toContain('>for await echo<')
})
