import type { Verdict } from './verdicts.ts'

/** In pixels. */
const WIDTH = 960
const TOP = 56
const ROW = 36
const LEFT = 400
const RIGHT = 110
/** The ratios at the ends of the scale, which is logarithmic: twice as much is as far to the right as half is to the left. */
const LEAST = 0.25
const MOST = 16

/** Both themes, each on its own page: what is behind an image is the reader's. */
const STYLE = `
    .page { fill: #ffffff }
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .small { font-size: 11px; fill: #59636e }
    .grid { stroke: #d1d9e0 }
    .one { stroke: #59636e }
    .reached { fill: #1a7f37 } .holds { fill: #0969da } .missed { fill: #cf222e }
    .whisker { stroke: #1f2328; stroke-width: 1.5 }
    .floor { stroke: #1f2328; stroke-width: 2.5 }
    .aim { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 3 2 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      text { fill: #f0f6fc }
      .small { fill: #9198a1 }
      .grid { stroke: #3d444d }
      .one { stroke: #9198a1 }
      .reached { fill: #3fb950 } .holds { fill: #58a6ff } .missed { fill: #f85149 }
      .whisker, .floor, .aim { stroke: #f0f6fc }
    }`

/**
 * Draws each goal's ratio as a bar from 1x: what it came to in its laps as a whisker, the floor as a line, the aim as a
 * dashed one. Goals about lost messages are left out.
 *
 * @returns an SVG image that needs nothing else.
 */
export function renderChart(verdicts: readonly Verdict[], about: string): string {
  const shown = verdicts.filter(({ against }) => against !== undefined)
  const height = TOP + shown.length * ROW + 28
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `  <title>Millrace's goals: ratios of cost</title>`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="page" width="${WIDTH}" height="${height}"/>`,
    ...legend(),
    ...grid(height - 24),
    ...shown.flatMap((verdict, index) => bar(verdict, TOP + index * ROW)),
    `  <text class="small" x="8" y="${height - 8}">${escape(about)}</text>`,
    '</svg>',
    '',
  ].join('\n')
}

function legend(): readonly string[] {
  const box = (state: string, x: number, text: string): string => {
    return `  <rect class="${state}" x="${x}" y="10" width="12" height="12"/><text x="${x + 18}" y="20">${text}</text>`
  }
  return [
    box('reached', 8, 'aim reached'),
    box('holds', 110, 'floor holds'),
    box('missed', 206, 'floor missed'),
    line('floor', 330, 8, 330, 24),
    '  <text x="338" y="20">floor</text>',
    line('aim', 390, 8, 390, 24),
    '  <text x="398" y="20">aim</text>',
    line('whisker', 440, 16, 468, 16),
    '  <text x="474" y="20">lowest to highest lap; ↓ where less is better</text>',
  ]
}

function grid(bottom: number): readonly string[] {
  const lines: string[] = []
  for (let ratio = LEAST; ratio <= MOST; ratio *= 2) {
    lines.push(line(ratio === 1 ? 'one' : 'grid', at(ratio), TOP - 12, at(ratio), bottom))
    lines.push(`  <text class="small" text-anchor="middle" x="${at(ratio)}" y="${TOP - 16}">${ratio}x</text>`)
  }
  return lines
}

function bar(verdict: Verdict, y: number): readonly string[] {
  const { work, of, against, ratio, floor, aim, upwards, state, driver } = verdict
  const middle = y + ROW / 2
  const label = `${of}${driver === undefined ? '' : ` (${driver})`} / ${against}`
  const lines = [
    `  <text x="8" y="${middle - 3}">${escape(work.replaceAll('`', ''))}</text>`,
    `  <text class="small" x="8" y="${middle + 11}">${escape(label)}</text>`,
  ]
  if (ratio === undefined) {
    const word = state === 'missed' ? 'FAILED' : 'not measured'
    lines.push(`  <text class="small" x="${WIDTH - RIGHT + 14}" y="${middle + 4}">${word}</text>`)
  } else {
    const [left, right] = [Math.min(at(1), at(ratio.median)), Math.max(at(1), at(ratio.median))]
    lines.push(`  <rect class="${state}" x="${left}" y="${y + 9}" width="${round(right - left)}" height="${ROW - 18}"/>`)
    lines.push(line('whisker', at(ratio.lowest), middle, at(ratio.highest), middle))
    const value = `${ratio.median.toFixed(2)}x${upwards ? '' : ' ↓'}`
    lines.push(`  <text x="${WIDTH - RIGHT + 14}" y="${middle + 4}">${value}</text>`)
  }
  lines.push(line('floor', at(floor), y + 4, at(floor), y + ROW - 4), line('aim', at(aim), y + 4, at(aim), y + ROW - 4))
  return lines
}

/** Where a ratio stands; what is off the scale, at its end. */
function at(ratio: number): number {
  const within = Math.min(MOST, Math.max(LEAST, ratio))
  return round(LEFT + ((WIDTH - LEFT - RIGHT) * Math.log2(within / LEAST)) / Math.log2(MOST / LEAST))
}

function line(style: string, x1: number, y1: number, x2: number, y2: number): string {
  return `  <line class="${style}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
