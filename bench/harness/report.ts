import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { renderChart } from './chart.ts'
import { sourceFolder } from './folders.ts'
import type { Verdict } from './verdicts.ts'

const BEGIN = '<!-- figures -->'
const END = '<!-- /figures -->'

/** Puts table and chart into the README beside them. */
export function writeReport(table: string, about: string, verdicts: readonly Verdict[]): void {
  const readme = path.join(sourceFolder, 'README.md')
  writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), `${about}\n\n${table}`))
  writeFileSync(path.join(sourceFolder, 'ratios.svg'), renderChart(verdicts, about))
}

/** A document with other figures between its marks. @throws where it has no marks. */
export function withFigures(document: string, figures: string): string {
  const begin = document.indexOf(BEGIN)
  const end = document.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`no ${BEGIN} and ${END}`)
  return `${document.slice(0, begin + BEGIN.length)}\n${figures}\n${document.slice(end)}`
}
