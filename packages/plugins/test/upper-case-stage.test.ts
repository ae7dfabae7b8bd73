import { Buffer } from 'node:buffer'
import { CorruptFrameError, UnexpectedEndError } from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UpperCaseStage } from '../src/upper-case-stage.ts'
import { cutAt, drive, driveDatagram, textOf } from './drive.ts'

const onStream = (onInvalid: 'replace' | 'error' = 'replace'): UpperCaseStage => new UpperCaseStage(onInvalid, false)
const onDatagrams = (onInvalid: 'replace' | 'error' = 'replace'): UpperCaseStage => new UpperCaseStage(onInvalid, true)

const WORDS = ['straße', 'ΌΣΟΣ όσος', 'ŉ', 'ΐ', 'ﬃ', 'i̇', 'ǆ', 'ᾳ', 'ა', '\ufeff', '한글', '😀', 'x'.repeat(200)]

/** Text and rubbish in turns, with what upper-casing is known to trip over. */
const bytes = fc.array(fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text)),
  fc.constantFrom(...WORDS).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 4 }).map((rubbish) => Buffer.from(rubbish)),
  fc.constantFrom(0x80, 0xc3, 0xe2, 0xed, 0xf0, 0xff).map((byte) => Buffer.of(byte)),
), { maxLength: 10 }).map((parts) => Buffer.concat(parts))
const cuts = fc.array(fc.nat(300), { maxLength: 12 })

/** Compared as bytes: as text, bytes that were left invalid would look replaced. */
const upperCaseWhole = (bytes: Uint8Array): Buffer =>
  Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).toUpperCase())

describe('toUpperCase', () => {
  test('looks at one character at a time, as the stage relies on', () => {
    const characters = []
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code < 0xd800 || code > 0xdfff) characters.push(String.fromCodePoint(code))
    }
    const uppers = characters.map((character) => character.toUpperCase())
    for (const neighbour of ['a', 'i', '\u0307', '\u0345', 'Σ', '\u0301']) {
      const together = (neighbour + characters.join(neighbour)).toUpperCase()
      const upper = neighbour.toUpperCase()
      expect(together === upper + uppers.join(upper)).toBe(true)
    }
  })
})

describe('UpperCaseStage on a stream', () => {
  test('gives what toUpperCase gives for the decoded whole, however it is cut', () => {
    fc.assert(fc.property(bytes, cuts, (bytes, cuts) => {
      const before = Uint8Array.from(bytes)
      const { emitted } = drive(onStream(), cutAt(bytes, cuts))
      expect(Buffer.concat(emitted)).toEqual(upperCaseWhole(bytes))
      expect(bytes.equals(before)).toBe(true)
    }), { seed: 7, numRuns: 3000 })
  })

  test('with invalid: error fails at the same place however the bytes are cut', () => {
    fc.assert(fc.property(bytes, cuts, (bytes, cuts) => {
      const whole = drive(onStream('error'), [bytes])
      const parts = drive(onStream('error'), cutAt(bytes, cuts))
      expect(textOf(parts.emitted)).toBe(textOf(whole.emitted))
      expect((parts.error as Error | undefined)?.name).toBe((whole.error as Error | undefined)?.name)
    }), { seed: 8, numRuns: 3000 })
  })

  test('with invalid: error gives what came before the bad byte', () => {
    const { emitted, error } = drive(onStream('error'), [Buffer.from([0x61, 0xc3, 0x9f, 0xff, 0x62])])
    expect(textOf(emitted)).toBe('ASS')
    expect(error).toBeInstanceOf(CorruptFrameError)
    expect(error).toMatchObject({ code: 'MILLRACE_ERR_CORRUPT_FRAME' })
  })

  test('with invalid: error refuses an end inside a character', () => {
    const { emitted, error } = drive(onStream('error'), [Buffer.from([0x61, 0xe2, 0x82])])
    expect(textOf(emitted)).toBe('A')
    expect(error).toBeInstanceOf(UnexpectedEndError)
    expect(error).toMatchObject({ code: 'MILLRACE_ERR_UNEXPECTED_END', received: 2 })
  })

  test('passes on the same object where nothing changes', () => {
    for (const text of ['ABC 1', 'ÄÖ', '한글', 'X'.repeat(300)]) {
      const chunk = Buffer.from(text)
      const [emitted] = drive(onStream(), [chunk]).emitted
      expect(emitted).toBe(chunk)
    }
  })

  test('keeps three bytes at most, and no view of a chunk', () => {
    const stage = onStream()
    const chunk = Buffer.from([0xf0, 0x9f, 0x98])
    const emitted: Uint8Array[] = []
    stage.push(chunk, (item) => emitted.push(item))
    expect(emitted).toEqual([])
    chunk.fill(0x41)
    stage.push(Buffer.of(0x80), (item) => emitted.push(item))
    expect(textOf(emitted)).toBe('😀')
  })

  test('takes at most three times the bytes', () => {
    for (const worst of ['ΐ', 'ŉ', '\x80']) {
      const input = Buffer.from(worst.repeat(1000), worst === '\x80' ? 'latin1' : 'utf8')
      expect(textOf(drive(onStream(), [input]).emitted).length).toBeGreaterThan(0)
      expect(Buffer.concat(drive(onStream(), [input]).emitted).length).toBeLessThanOrEqual(3 * input.length)
    }
  })

  test('gives every caller bytes of its own', () => {
    const stage = onStream()
    const [first] = drive(stage, [Buffer.of(0xe2)]).emitted
    first?.fill(0)
    expect(textOf(drive(stage, [Buffer.of(0xe2)]).emitted)).toBe('\ufffd')
  })
})

describe('UpperCaseStage on datagrams', () => {
  test('keeps one datagram one item, a cut character at its end included', () => {
    const { emitted } = driveDatagram(onDatagrams(), [Buffer.from([0x61, 0xe2, 0x82])])
    expect(emitted.map((item) => textOf([item]))).toEqual(['A\ufffd'])
  })

  test('passes an empty datagram on', () => {
    expect(driveDatagram(onDatagrams(), [Buffer.alloc(0)]).emitted).toHaveLength(1)
  })

  test('gives the same for a datagram however a plugin before it cuts it, and keeps nothing for the next', () => {
    fc.assert(fc.property(fc.array(fc.tuple(bytes, cuts), { maxLength: 3 }), (datagrams) => {
      const stage = onDatagrams()
      for (const [bytes, cuts] of datagrams) {
        const { emitted } = driveDatagram(stage, cutAt(bytes, cuts))
        expect(Buffer.concat(emitted)).toEqual(upperCaseWhole(bytes))
      }
    }), { seed: 9, numRuns: 2000 })
  })

  test('with invalid: error drops a bad datagram whole and takes the next', () => {
    const stage = onDatagrams('error')
    for (const bad of [[0x61, 0xff, 0x62], [0x61, 0xe2, 0x82], [0xc3]]) {
      const { emitted, error } = driveDatagram(stage, [Buffer.from(bad)])
      expect(emitted).toEqual([])
      expect(error).toBeInstanceOf(CorruptFrameError)
      expect(textOf(driveDatagram(stage, [Buffer.from('ok')]).emitted)).toBe('OK')
    }
  })
})
