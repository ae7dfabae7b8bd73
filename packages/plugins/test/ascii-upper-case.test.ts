import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { upperCaseAscii } from '../src/ascii-upper-case.ts'

/** Lengths on both sides of every change of method. */
const LENGTHS = [0, 1, 2, 63, 64, 65, 95, 96, 97, 4095, 4096, 4097, 70_000]

describe('upperCaseAscii', () => {
  test('maps every ASCII byte as toUpperCase does, at every length', () => {
    for (const length of LENGTHS) {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 128)
      const upper = upperCaseAscii(bytes)
      expect(Buffer.from(upper ?? []).toString('latin1')).toBe(Buffer.from(bytes).toString('latin1').toUpperCase())
    }
  })

  test('gives back the same object where nothing changes', () => {
    for (const length of LENGTHS) {
      const bytes = new Uint8Array(length).fill(0x41)
      expect(upperCaseAscii(bytes)).toBe(bytes)
    }
  })

  test('gives undefined for any byte above 127, wherever it stands', () => {
    for (const length of LENGTHS.filter((length) => length > 0)) {
      for (const at of [0, length >> 1, length - 1]) {
        const bytes = new Uint8Array(length).fill(0x61)
        bytes[at] = 0x80
        expect(upperCaseAscii(bytes)).toBeUndefined()
      }
    }
  })

  test('reads a view from where it begins, at any alignment, and leaves its memory as it is', () => {
    fc.assert(fc.property(fc.uint8Array({ max: 127, minLength: 1, maxLength: 400 }), fc.nat(8), (content, offset) => {
      const memory = new Uint8Array(content.length + 16).fill(0x7a)
      memory.set(content, offset)
      const before = memory.slice()
      const view = memory.subarray(offset, offset + content.length)
      const upper = upperCaseAscii(view) as Uint8Array
      expect(Buffer.from(upper).toString('latin1')).toBe(Buffer.from(content).toString('latin1').toUpperCase())
      expect(memory).toEqual(before)
    }), { seed: 1 })
  })
})
