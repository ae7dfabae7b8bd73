import { describe, expect, test } from 'vitest'
import { Slab } from '../src/ports/slab.ts'

describe('Slab', () => {
  test('cuts pieces that do not overlap, of one piece of memory and then of the next', () => {
    const slab = new Slab(64)
    const pieces = [10, 20, 3, 40, 64, 1].map((length, i) => slab.cut(length).fill(i))
    expect(pieces.map((piece) => [piece.byteLength, new Set(piece)])).toEqual(
      [10, 20, 3, 40, 64, 1].map((length, i) => [length, new Set([i])]),
    )
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(4)
  })

  test('cuts the same place again of what was taken back, whatever the length', () => {
    const slab = new Slab(64)
    slab.cut(8)
    const first = slab.cut(10)
    slab.uncut(first)
    const second = slab.cut(20)
    slab.uncut(second)
    const third = slab.cut(20)
    expect([second.byteOffset, third.byteOffset]).toEqual([first.byteOffset, first.byteOffset])
    expect(third.byteLength).toBe(20)
    const fourth = slab.cut(20)
    expect(fourth.byteOffset).toBeGreaterThanOrEqual(third.byteOffset + 20)
  })

  test('takes back nothing but what was cut last, and that once', () => {
    const slab = new Slab(64)
    const first = slab.cut(8)
    const second = slab.cut(8)
    slab.uncut(first)
    slab.uncut(second)
    const third = slab.cut(9)
    slab.uncut(second)
    expect([first.byteOffset, third.byteOffset]).not.toContain(slab.cut(16).byteOffset)
  })
})
