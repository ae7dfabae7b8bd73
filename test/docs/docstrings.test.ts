import { describe, expect, test } from 'vitest'
import { declarationOf, entries, exportsOf } from './exports.ts'

/** Passed on from tsyringe, which documents them. */
const foreign = new Set(['inject', 'injectable', 'DependencyContainer'])

/** Decorators stand between a docstring and its class. */
const withoutDecorators = (text: string): string => text.replace(/(^@\w+\([^)]*\)\n)+$/m, '')

describe('docstrings', () => {
  test.each([...entries()])('every export of %s has one', (_name, file) => {
    const found = exportsOf(file)
    expect(found.length).toBeGreaterThan(0)
    for (const one of found.filter(({ name }) => !foreign.has(name))) {
      const before = declarationOf(one)
      expect.soft(before, `${one.name} is declared in ${one.file}`).toBeDefined()
      expect.soft(withoutDecorators(before ?? ''), `${one.name} in ${one.file}`).toMatch(/\*\/\n$/)
    }
  })
})
