import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../src/index.ts'
import { chunksOf, collect, everySplit, joined, recordingLogger, seededRandom, splitsOf } from '../src/testing/index.ts'

const bytes = Uint8Array.from({ length: 10 }, (_, i) => i)
const sizesOf = (chunks: readonly Uint8Array[]): number[] => chunks.map(({ byteLength }) => byteLength)

describe('collect', () => {
  test('gathers an iterable and an async iterable', async () => {
    const source = async function* (): AsyncGenerator<number> {
      yield 1
      yield 2
    }
    expect(await collect(source())).toEqual([1, 2])
    expect(await collect([3, 4])).toEqual([3, 4])
  })
})

describe('joined', () => {
  test('is a copy of all chunks in order', () => {
    const part = Uint8Array.of(1, 2)
    const whole = joined([part, Uint8Array.of(), Uint8Array.of(3)])
    part[0] = 9
    expect([...whole]).toEqual([1, 2, 3])
    expect(joined([]).byteLength).toBe(0)
  })
})

describe('chunksOf', () => {
  test('takes the sizes in turn and again from the first', () => {
    expect(sizesOf(chunksOf(bytes, [1, 3]))).toEqual([1, 3, 1, 3, 1, 1])
    expect(sizesOf(chunksOf(bytes, 4))).toEqual([4, 4, 2])
    expect(joined(chunksOf(bytes, [1, 3]))).toEqual(bytes)
    expect(chunksOf(Uint8Array.of(), 4)).toEqual([])
  })

  test.each([[0], [[]], [[1, -1]], [1.5]])('refuses sizes %j', (sizes) => {
    expect(() => chunksOf(bytes, sizes)).toThrow(InvalidOptionError)
  })
})

describe('everySplit', () => {
  test('cuts at every place, and byte by byte', () => {
    const splits = [...everySplit(bytes.subarray(0, 4))]
    expect(splits.map(sizesOf)).toEqual([[4], [1, 3], [2, 2], [3, 1], [1, 1, 1, 1]])
    for (const split of splits) expect(joined(split)).toEqual(bytes.subarray(0, 4))
  })

  test('has one way for nothing and for a single byte', () => {
    expect([...everySplit(Uint8Array.of())].length).toBe(1)
    expect([...everySplit(Uint8Array.of(1))].map(sizesOf)).toEqual([[1]])
  })
})

describe('splitsOf', () => {
  test('gives the same splits for the same seed and others for another', () => {
    const splits = (seed: number): number[][] => [...splitsOf(bytes, { seed, count: 5 })].map(sizesOf)
    expect(splits(7)).toEqual(splits(7))
    expect(splits(7)).not.toEqual(splits(8))
  })

  test('loses nothing and keeps to the largest size', () => {
    for (const split of splitsOf(bytes, { seed: 3, count: 50, maxSize: 3 })) {
      expect(joined(split)).toEqual(bytes)
      expect(Math.max(...sizesOf(split))).toBeLessThanOrEqual(3)
    }
    expect([...splitsOf(Uint8Array.of(), { count: 1 })]).toEqual([[]])
  })
})

describe('seededRandom', () => {
  test('stays from 0 to below 1, also for the seed 0', () => {
    for (const seed of [0, 1, -5, 2 ** 40]) {
      const random = seededRandom(seed)
      const numbers = Array.from({ length: 1000 }, random)
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...numbers)).toBeLessThan(1)
      expect(new Set(numbers).size).toBeGreaterThan(990)
    }
  })
})

describe('recordingLogger', () => {
  test('remembers level, fields and message in order', () => {
    const logger = recordingLogger()
    logger.info({ a: 1 }, 'first')
    logger.error({}, 'second')
    expect(logger.lines).toEqual([
      { level: 'info', fields: { a: 1 }, message: 'first' },
      { level: 'error', fields: {}, message: 'second' },
    ])
  })
})
