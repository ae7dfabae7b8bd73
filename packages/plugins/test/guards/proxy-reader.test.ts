import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { CorruptFrameError } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { crc32c } from '../../src/guards/crc32c.ts'
import type { ProxyHeader } from '../../src/guards/proxy-header.ts'
import { ProxyReader } from '../../src/guards/proxy-reader.ts'
import { cutAt } from '../drive.ts'
import { v1, v2 } from './proxy-headers.ts'

const MOST = 300

/** What comes of some bytes in some cuts: the header and how many bytes were its own, or the error's text. */
function outcome(chunks: readonly Uint8Array[]): { header?: ProxyHeader | undefined; used: number; error?: string } {
  const reader = new ProxyReader({ version: 'any', maxLength: MOST })
  let used = 0
  try {
    for (const chunk of chunks) {
      used += reader.read(chunk)
      if (reader.header) break
    }
  } catch (error) {
    if (!(error instanceof CorruptFrameError)) throw error
    return { used: 0, error: error.message }
  }
  expect(reader.received).toBeLessThanOrEqual(Math.max(107, 16 + MOST))
  return { header: reader.header, used }
}

const good = fc.oneof(
  fc.record({ source: fc.oneof(fc.ipV4(), fc.ipV6()), sourcePort: fc.nat(65_535), checksum: fc.boolean() }).map(v2),
  fc.uint8Array({ maxLength: 100 }).map((value) => v2({ tlvs: [[7, value]] })),
  fc.tuple(fc.ipV4(), fc.nat(65_535)).map(([address, port]) => v1(`PROXY TCP4 ${address} 10.0.0.1 ${port} 1`)),
  fc.string({ maxLength: 80 }).map((text) => v1(`PROXY UNKNOWN ${text}`)),
)
/** A good header with some of its bytes changed, and anything behind it. */
const nearlyGood = fc
  .tuple(good, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 }), fc.uint8Array({ maxLength: 40 }))
  .map(([header, changes, rest]) => {
    const bytes = Buffer.concat([header, rest])
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
    return new Uint8Array(bytes)
  })
const cuts = fc.array(fc.nat(400), { maxLength: 12 })
const parameters = { numRuns: 3_000, seed: 1 }

describe('ProxyReader', () => {
  test('throws nothing but CorruptFrameError and keeps no more than a header may have, whatever comes', () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 600 }), nearlyGood)
    fc.assert(fc.property(anything, cuts, (bytes, at) => void outcome(cutAt(bytes, at))), parameters)
  })

  test('finds the same header, the same end and the same error wherever bytes are cut', () => {
    fc.assert(
      fc.property(nearlyGood, cuts, (bytes, at) => {
        const whole = outcome([bytes])
        expect(outcome(cutAt(bytes, at))).toEqual(whole)
        expect(outcome(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole)
      }),
      parameters,
    )
  })

  test('takes every good header for exactly as long as it is', () => {
    fc.assert(
      fc.property(good, fc.uint8Array({ maxLength: 20 }), (header, rest) => {
        // A text with a line end of its own is a shorter header.
        fc.pre(header[0] !== 0x50 || header.indexOf(10) === header.length - 1)
        fc.pre(header[0] !== 0x50 || header.length <= 107)
        expect(outcome([Buffer.concat([header, rest])])).toMatchObject({ used: header.length, header: expect.anything() as unknown })
      }),
      parameters,
    )
  })

  test('changes no byte that it is given', () => {
    fc.assert(
      fc.property(nearlyGood, (bytes) => {
        const before = bytes.slice()
        outcome([bytes])
        expect(bytes).toEqual(before)
      }),
      { numRuns: 500, seed: 1 },
    )
  })
})

test('crc32c is that of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(0))).toBe(0)
})
