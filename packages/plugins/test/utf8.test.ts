import { Buffer, isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutTail, validLength } from '../src/utf8.ts'

const EDGES = [0x80, 0xbf, 0xc2, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xf8, 0xff, 0xa0, 0x90, 0x41]

/** Bytes that are good and bad UTF-8 in turns, and rich in what begins or goes on with a character. */
const nearlyUtf8 = fc.array(fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3 }).map((text) => Buffer.from(text)),
  fc.constantFrom(...EDGES).map((byte) => Buffer.of(byte)),
), { maxLength: 12 }).map((parts) => Uint8Array.from(Buffer.concat(parts)))

describe('cutTail', () => {
  test.each([
    [[], 0],
    [[0x61], 0],
    [[0xc3], 1],
    [[0xc3, 0x9f], 0],
    [[0xe2, 0x82], 2],
    [[0xf0, 0x9f, 0x98], 3],
    [[0xf0, 0x9f, 0x98, 0x80], 0],
    [[0x80], 0],
    [[0x80, 0x80, 0x80], 0],
    [[0xc0], 0],
    [[0xe0, 0x80], 0],
    [[0xed, 0xa0], 0],
    [[0xf4, 0x90], 0],
    [[0xf5], 0],
  ])('of %j is %i', (bytes, expected) => {
    expect(cutTail(Uint8Array.from(bytes))).toBe(expected)
  })

  test('is exactly what a streaming decoder keeps back', () => {
    fc.assert(fc.property(nearlyUtf8, (bytes) => {
      const kept = cutTail(bytes)
      const whole = bytes.subarray(0, bytes.length - kept)
      const streaming = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })
      expect(Buffer.from(whole).toString()).toBe(streaming)
    }), { seed: 2, numRuns: 2000 })
  })
})

describe('validLength', () => {
  test('counts the bytes before the first one that is no part of a whole character', () => {
    fc.assert(fc.property(nearlyUtf8, (bytes) => {
      const length = validLength(bytes)
      expect(isUtf8(bytes.subarray(0, length))).toBe(true)
      expect(length === bytes.length).toBe(isUtf8(bytes))
      for (let end = length + 1; end <= bytes.length; end++) expect(isUtf8(bytes.subarray(0, end))).toBe(false)
    }), { seed: 3, numRuns: 2000 })
  })
})
