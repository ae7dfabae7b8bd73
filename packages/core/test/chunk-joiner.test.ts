import { describe, expect, test } from 'vitest'
import { ChunkJoiner } from '../src/connection/chunk-joiner.ts'

const small = (byte: number, length = 16): Uint8Array => new Uint8Array(length).fill(byte)
const text = (chunks: Uint8Array[]): string => Buffer.concat(chunks).toString('hex')

describe('ChunkJoiner', () => {
  test('gives a single small chunk as it is, uncopied', () => {
    const joiner = new ChunkJoiner()
    const chunk = small(1)
    joiner.push(chunk, true)
    expect(joiner.take()).toEqual([chunk])
    expect(joiner.take()).toEqual([])
  })

  test('joins neighbouring small chunks, keeps large ones by themselves, and keeps the order', () => {
    const joiner = new ChunkJoiner()
    const large = small(9, 4096)
    const pushed = [small(1), small(2), large, small(3), large, small(4), small(5)]
    for (const chunk of pushed) joiner.push(chunk, true)
    const taken = joiner.take()
    expect(taken.map((chunk) => chunk.byteLength)).toEqual([32, 4096, 16, 4096, 32])
    expect(taken[1]).toBe(large)
    expect(text(taken)).toBe(text(pushed))
  })

  test('fills as many slabs as it takes', () => {
    const joiner = new ChunkJoiner()
    const pushed = Array.from({ length: 20_000 }, (_, i) => small(i % 251, 1 + (i % 40)))
    for (const chunk of pushed) joiner.push(chunk, true)
    const taken = joiner.take()
    expect(taken.length).toBeLessThan(20)
    expect(text(taken)).toBe(text(pushed))
  })

  test('joins nothing where each chunk is a datagram', () => {
    const joiner = new ChunkJoiner()
    const pushed = [small(1), new Uint8Array(0), small(2)]
    for (const chunk of pushed) joiner.push(chunk, false)
    expect(joiner.take()).toEqual(pushed)
  })

  test('begins afresh after take', () => {
    const joiner = new ChunkJoiner()
    joiner.push(small(1), true)
    joiner.push(small(2), true)
    const first = joiner.take()
    joiner.push(small(3), true)
    joiner.push(small(4), true)
    expect(text(joiner.take())).toBe(text([small(3), small(4)]))
    expect(text(first)).toBe(text([small(1), small(2)]))
  })
})
