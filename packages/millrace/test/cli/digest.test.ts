import { recordingLogger, VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { Digest } from '../../src/cli/digest.ts'

function setUp(): { clock: VirtualClock; digest: Digest; counts: () => unknown[] } {
  const logger = recordingLogger()
  const clock = new VirtualClock()
  const counts = (): unknown[] => logger.lines.map(({ message, fields }) => [message, fields['count'], fields['n']])
  return { clock, digest: new Digest(logger, clock), counts }
}

const line = (message: string, n = 0) => () => ({ level: 'warn', message, fields: { n } }) as const

describe('Digest', () => {
  test('tells the first of a kind at once and those after it once a second, with the facts of the latest', () => {
    const { clock, digest, counts } = setUp()
    for (let n = 1; n <= 5; n++) digest.note('a', line('a', n))
    expect(counts()).toEqual([['a', 1, 1]])
    clock.advance(999)
    expect(counts()).toHaveLength(1)
    clock.advance(1)
    expect(counts()).toEqual([['a', 1, 1], ['a', 4, 5]])
    digest.note('a', line('a', 6))
    expect(counts()).toHaveLength(2)
    clock.advance(1_000)
    expect(counts()).toEqual([['a', 1, 1], ['a', 4, 5], ['a', 1, 6]])
  })

  test('puts into words only what it writes', () => {
    const { clock, digest, counts } = setUp()
    let asked = 0
    for (let n = 1; n <= 1_000; n++) {
      digest.note('a', () => {
        asked++
        return line('a', n)()
      })
    }
    clock.advance(1_000)
    expect(counts()).toEqual([['a', 1, 1], ['a', 999, 1_000]])
    expect(asked).toBe(2)
  })

  test('tells each kind by itself', () => {
    const { digest, counts } = setUp()
    digest.note('a', line('a'))
    digest.note('b', line('b'))
    expect(counts()).toHaveLength(2)
  })

  test('forgets a kind that has been quiet for a second', () => {
    const { clock, digest, counts } = setUp()
    digest.note('a', line('a'))
    clock.advance(1_000)
    expect(clock.pending).toBe(0)
    digest.note('a', line('a'))
    expect(counts()).toHaveLength(2)
  })

  test('flush tells what was only counted and leaves no timer', () => {
    const { clock, digest, counts } = setUp()
    for (let n = 1; n <= 3; n++) digest.note('a', line('a', n))
    digest.flush()
    expect(counts()).toEqual([['a', 1, 1], ['a', 2, 3]])
    expect(clock.pending).toBe(0)
  })
})
