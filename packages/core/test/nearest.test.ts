import { describe, expect, test } from 'vitest'
import { nearest } from '../src/index.ts'

const KNOWN = ['tcp', 'echo', 'uppercaser', 'chunker', 'logging', 'maxConnections', 'maxConnectionsPerAddress']

describe('nearest', () => {
  test.each([
    ['upercaser', 'uppercaser'],
    ['uppercasre', 'uppercaser'],
    ['UPPERCASER', 'uppercaser'],
    ['chunkr', 'chunker'],
    ['hcunker', 'chunker'],
    ['ehco', 'echo'],
    ['tpc', 'tcp'],
    ['loging', 'logging'],
    ['maxconections', 'maxConnections'],
    ['maxConnectionPerAddress', 'maxConnectionsPerAddress'],
  ])('takes %s for %s', (word, known) => {
    expect(nearest(word, KNOWN)).toBe(known)
  })

  test.each(['xyz', 'discard', 'e', '', 'completely-different'])('has nothing for %s', (word) => {
    expect(nearest(word, KNOWN)).toBeUndefined()
  })

  test('prefers what is nearer, and of two as near the one that comes first', () => {
    expect(nearest('lines', ['line', 'linen', 'lines2', 'lines'])).toBe('lines')
    expect(nearest('aab', ['aaa', 'aac'])).toBe('aaa')
  })

  test('is not slow for a word of any length', () => {
    expect(nearest('x'.repeat(1_000_000), KNOWN)).toBeUndefined()
    expect(nearest('echo', ['x'.repeat(1_000_000)])).toBeUndefined()
  })
})
