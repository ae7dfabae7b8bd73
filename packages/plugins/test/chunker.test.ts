import { Buffer } from 'node:buffer'
import { InvalidOptionError } from '@millrace/core'
import { collect } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunker } from '../src/chunker.ts'
import { cutAt, drive, driveDatagram } from './drive.ts'
import { FakeContext } from './fake-context.ts'
import { inboundOf, openPlugin } from './open-plugin.ts'

const stageOf = (size?: number) => inboundOf(openPlugin(chunker(size === undefined ? {} : { size })))

describe('chunker', () => {
  test('keeps every byte in its order, and no piece longer than size, however the input is cut', () => {
    const sizes = fc.integer({ min: 1, max: 40 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), sizes, fc.array(fc.nat(200)), (bytes, size, cuts) => {
      const { emitted } = drive(stageOf(size), cutAt(bytes, cuts))
      expect(Buffer.concat(emitted)).toEqual(Buffer.from(bytes))
      for (const piece of emitted) expect(piece.length).toBeLessThanOrEqual(size)
    }), { seed: 11 })
  })

  test('fills every piece but the last of a chunk, and waits for nothing', () => {
    const { emitted } = drive(stageOf(4), [Buffer.from('abcdefghi'), Buffer.from('j'), Buffer.from('klmn')])
    expect(emitted.map(String)).toEqual(['abcd', 'efgh', 'i', 'j', 'klmn'])
  })

  test('gives views of what came, and the same object where it fits', () => {
    const chunk = Uint8Array.from(Buffer.from('abcdef'))
    const { emitted } = drive(stageOf(4), [chunk, chunk.subarray(0, 4)])
    for (const piece of emitted) expect(piece.buffer).toBe(chunk.buffer)
    const whole = Buffer.from('abcd')
    expect(drive(stageOf(4), [whole]).emitted[0]).toBe(whole)
  })

  test('keeps an empty datagram one empty item', () => {
    const stage = inboundOf(openPlugin(chunker(), new FakeContext({ datagram: true })))
    expect(driveDatagram(stage, [Buffer.alloc(0)]).emitted).toEqual([Buffer.alloc(0)])
  })

  test('takes pieces of 16 bytes where no size is given', () => {
    const { emitted } = drive(stageOf(), [Buffer.alloc(40)])
    expect(emitted.map(({ length }) => length)).toEqual([16, 16, 8])
  })

  test.each([0, -1, 1.5, Number.NaN, Infinity, 16_777_217, '16', null])('refuses size %o', (size) => {
    expect(() => chunker({ size: size as number })).toThrow(InvalidOptionError)
  })

  test('refuses an option that it does not know', () => {
    const refusal = { option: 'chunker.sise', expected: 'spelt "size"' }
    expect(() => chunker({ sise: 16 } as object)).toThrow(expect.objectContaining(refusal))
  })

  test('is a transform', async () => {
    const pieces = await collect(chunker({ size: 2 }).transform([Buffer.from('abcde')]))
    expect(pieces.map(String)).toEqual(['ab', 'cd', 'e'])
  })

  test('passes what is written as it is', async () => {
    const chunk = Buffer.from('abcde')
    const [piece] = await collect(chunker({ size: 2 }).outbound.transform([chunk]))
    expect(piece).toBe(chunk)
  })
})
