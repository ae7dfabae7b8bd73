import { expect, test } from 'vitest'
import { columns } from '../../src/cli/columns.ts'

test('columns wraps the second column and gives a wide first one a line of its own', () => {
  const words = Array.from({ length: 30 }, () => 'word').join(' ')
  const lines = columns([['a', words], ['wide-name', 'text']], 2, 4).split('\n')
  expect(lines[0]).toMatch(/^ {2}a {5}word( word)+$/)
  expect(lines[1]).toMatch(/^ {8}word( word)+$/)
  expect(lines.slice(2)).toEqual(['  wide-name', '        text', ''])
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100)
})
