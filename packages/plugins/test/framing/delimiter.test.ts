import { Buffer } from 'node:buffer'
import { CorruptFrameError, FrameTooLongError, InvalidOptionError, UnexpectedEndError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delimiter, type DelimiterOptions } from '../../src/framing/delimiter.ts'
import { bytes, checkCodec } from './check-codec.ts'

const maxLength = 8
const variants = 4
const without = (...delimiters: readonly string[]) =>
  fc.uint8Array({ maxLength }).filter((frame) => delimiters.every((one) => !Buffer.from(frame).includes(one, 'latin1')))
const letters = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet.split('')), maxLength })

checkCodec('delimiter of one byte', () => delimiter({ by: ';', maxLength }), {
  frames: without(';'),
  invalid: [bytes('unterminated'), bytes('123456789;')],
  variants,
  maxHeld: maxLength,
  long: { make: () => delimiter({ by: ';' }), message: (length) => new Uint8Array(length) },
})

checkCodec('delimiters of several bytes', () => delimiter({ by: 'aab|ab|cc', maxLength }), {
  frames: letters('abcd').filter((text) => !/ab|cc|[ac]$/.test(text)).map((text) => Buffer.from(text)),
  invalid: [bytes('unterminated'), bytes('aaaaaaaaaaab'), bytes('cdcdcdcdcdab')],
  variants,
  maxHeld: maxLength + 2,
  long: { make: () => delimiter({ by: 'aab|ab|cc' }), message: (length) => new Uint8Array(length).fill(98) },
})

checkCodec('a delimiter that begins over and over', () => delimiter({ by: 'aaab', maxLength }), {
  frames: letters('ab').filter((text) => !/aaab|a$/.test(text)).map((text) => Buffer.from(text)),
  invalid: [bytes('aaaaaaaaaaaaab'), bytes('aaa')],
  variants,
  maxHeld: maxLength + 3,
  long: { make: () => delimiter({ by: 'aaab' }), message: (length) => new Uint8Array(length).fill(97).fill(99, -1) },
})

checkCodec('delimiter that passes over', () => delimiter({ by: '\\r\\n|\\n', maxLength, onTooLong: 'discard' }), {
  frames: without('\n', '\r'),
  invalid: [bytes('123456789\n1\n')],
  variants,
  maxHeld: maxLength + 1,
})

function decode(text: string, options: DelimiterOptions = {}): string[] {
  const embedded = embed(delimiter(options))
  embedded.writeInbound(Buffer.from(text))
  return embedded.inbound.map((frame) => Buffer.from(frame).toString())
}

/** Where frames end, found byte by byte without any cleverness. */
function searched(text: string, delimiters: readonly string[]): string[] {
  const found: string[] = []
  let frame = ''
  for (const letter of text) {
    frame += letter
    const longest = delimiters.filter((one) => frame.endsWith(one)).toSorted((a, b) => b.length - a.length)[0]
    if (longest === undefined) continue
    found.push(frame.slice(0, -longest.length))
    frame = ''
  }
  return found
}

describe('delimiter', () => {
  test.each([['aab', 'ab', 'cc'], ['aaab'], ['abab', 'bb'], ['abcab', 'cac', 'd']])(
    'finds %s and what else there is wherever a search byte by byte does',
    (...delimiters) => {
      fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 60 }), (text) => {
        expect(decode(text, { by: delimiters.join('|') })).toEqual(searched(text, delimiters))
      }), { seed: 3, numRuns: 500 })
    },
  )

  test.each([
    [undefined, 'a\0\0b', ['a', '']],
    ['\\r\\n|\\n', 'a\r\nb\n\r\n', ['a', 'b', '']],
    ['||'.replace('||', '\\|\\|'), 'a|b||c', ['a|b']],
    ['é|\\x1e', 'aéb\x1ec', ['a', 'b']],
    ['abc|b', 'abcb', undefined],
    ['ab|bc', 'abcxbc', ['', 'cx']],
  ])('cuts at %j', (by, text, expected) => {
    const options = by === undefined ? {} : { by }
    if (expected === undefined) expect(() => delimiter(options)).toThrow(InvalidOptionError)
    else expect(decode(text, options)).toEqual(expected)
  })

  test('takes its delimiters as bytes too', () => {
    expect(decode('a\xff', { sequences: [Uint8Array.of(0xc3, 0xbf), Uint8Array.of(0)] })).toEqual(['a'])
  })

  test('puts the first one behind what it sends', () => {
    const embedded = embed(delimiter({ by: '\\r\\n|\\n' }))
    embedded.writeOutbound(Buffer.from('a'))
    expect(String(embedded.readOutbound())).toBe('a\r\n')
  })

  test.each([['a;b', CorruptFrameError], ['too long!', FrameTooLongError]])('does not send %j', (frame, expected) => {
    const embedded = embed(delimiter({ by: ';', maxLength }))
    embedded.writeOutbound(Buffer.from(frame))
    expect(embedded.error?.cause).toBeInstanceOf(expected)
  })

  test('does not send what would end too early together with the delimiter', () => {
    const embedded = embed(delimiter({ by: 'aa' }))
    embedded.writeOutbound(Buffer.from('ba'))
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test('fails at the end of a stream inside a frame, unless told otherwise', () => {
    const [cut, taken] = [embed(delimiter()), embed(delimiter({ unterminated: 'emit' }))]
    for (const embedded of [cut, taken]) {
      embedded.writeInbound(Buffer.from('a\0bc'))
      embedded.endInbound()
    }
    expect(cut.error?.cause).toBeInstanceOf(UnexpectedEndError)
    expect(cut.error?.cause).toMatchObject({ received: 2, offset: 2 })
    expect(taken.inbound.map(String)).toEqual(['a', 'bc'])
  })

  test.each([
    { by: '' },
    { by: 'a|' },
    { by: '\\q' },
    { by: '\\x1' },
    { by: 'a\\' },
    { by: '\\r|\\r\\n' },
    { by: 'x'.repeat(65) },
    { by: Array.from({ length: 17 }, (_, i) => String.fromCharCode(97 + i)).join('|') },
    { sequences: [] },
    { sequences: ['a'] },
    { sequences: [new Uint8Array(0)] },
    { maxLength: 0 },
  ])('refuses %o', (options) => {
    expect(() => delimiter(options as DelimiterOptions)).toThrow(InvalidOptionError)
  })
})
