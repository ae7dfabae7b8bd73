import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteAccumulator } from '../src/index.ts'

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

describe('ByteAccumulator', () => {
  test('gives what was appended, in order, however it came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), fc.boolean(), (parts, bytewise) => {
        const held = new ByteAccumulator(10_000)
        for (const part of parts) {
          if (bytewise) for (const byte of part) held.appendByte(byte)
          else held.append(Buffer.concat([Buffer.from('<'), part, Buffer.from('>')]), 1, part.length + 1)
        }
        const all = Buffer.concat(parts)
        expect(held.length).toBe(all.length)
        expect(Buffer.from(held.bytes.subarray(0, held.length)).equals(all)).toBe(true)
        expect(Buffer.from(held.take()).equals(all)).toBe(true)
        expect(held.length).toBe(0)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('keeps nothing of a chunk, and what it gave away is written to no more', () => {
    const held = new ByteAccumulator(16)
    const chunk = Buffer.from('abc')
    held.append(chunk, 0, 3)
    chunk.fill('x')
    const first = held.take(1, 3)
    held.append(Buffer.from('second'), 0, 6)
    expect([textOf(first), textOf(held.take())]).toEqual(['bc', 'second'])
    held.append(chunk, 0, 3)
    held.clear()
    expect([held.length, textOf(held.take())]).toEqual([0, ''])
  })

  test('sets aside for what has arrived, not for what is announced, and never more than the most', () => {
    const held = new ByteAccumulator(1000)
    held.append(new Uint8Array(10), 0, 10, 1_000_000)
    expect(held.bytes.length).toBe(40)
    held.append(new Uint8Array(590), 0, 590)
    expect(held.bytes.length).toBe(1000)
    held.append(new Uint8Array(600), 0, 600)
    expect(held.bytes.length).toBe(1200)
  })
})
