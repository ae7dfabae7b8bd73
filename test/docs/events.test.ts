import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readDocument, root, tableRows } from './markdown.ts'

const document = readDocument('docs/events.md')
const read = (file: string): string => readFileSync(path.join(root, 'packages/core/src/server', file), 'utf8')
const events = read('events.ts')

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, word]) => word as string).toSorted()

/** The words of the first column, of which a cell may hold several. */
const firstColumn = (heading: string): string[] => {
  const cells = tableRows(document, heading).map(([cell = '']) => cell)
  return all(cells.join(' '), /`([^`]+)`/g)
}

const union = (name: string): string[] => {
  const declaration = new RegExp(`^export type ${name} =([^]*?)\\n\\n`, 'm').exec(events)?.[1] ?? ''
  return all(declaration, /'([^']+)'/g)
}

describe('docs/events.md', () => {
  test('has every type of event', () => {
    const types = all(events, /readonly type: '([\w-]+)'/g)
    expect(types.length).toBeGreaterThan(5)
    expect(firstColumn('Events')).toEqual(types)
  })

  test.each([
    ['RefusalReason', 'Reasons of `connection-refused`'],
    ['DropReason', 'Reasons of `datagram-dropped`'],
  ])('has every %s', (name, heading) => {
    expect(firstColumn(heading)).toEqual(union(name))
  })

  test('has every count', () => {
    const counts = all(read('event-metrics.ts'), /increment\('([\w.]+)'/g)
    expect(firstColumn('Counts for METRICS')).toEqual([...new Set(counts)])
  })
})
