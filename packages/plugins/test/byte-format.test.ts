import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeBytes, escapeControls, escapeText, hexDump } from '../src/byte-format.ts'

/** The characters that can end a line, move a cursor or turn the reading direction: of Unicode's lists and ECMA-48. */
const DANGEROUS = [
  ...Array.from({ length: 0x20 }, (_, i) => i),
  ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  0xad, 0x061c, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e,
  0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xfff9, 0xe0001, 0xe0041, 0xe000, 0xffff,
].map((code) => String.fromCodePoint(code))

describe('escapeText', () => {
  test('leaves no dangerous character in', () => {
    for (const character of DANGEROUS) expect(escapeText(`a${character}b`)).toMatch(/^a\\(n|r|t|u\{[0-9a-f]+\})b$/)
  })

  test('escapes lone surrogates and leaves pairs alone', () => {
    expect(escapeText('\ud83d\ude00 \ud83d')).toBe('\ud83d\ude00 \\u{d83d}')
  })

  test('leaves letters, marks, symbols and spaces of any script alone', () => {
    const text = 'aZ 0~ ß é 한국어 עברית ไทย 😀 e\u0301'
    expect(escapeText(text)).toBe(text)
  })

  test('gives different texts for different texts', () => {
    expect(escapeText('\\n')).toBe('\\\\n')
    expect(escapeText('\n')).toBe('\\n')
  })
})

describe('escapeControls', () => {
  test('leaves backslashes to whoever wrote them', () => {
    expect(escapeControls('"a\\n"\n')).toBe('"a\\n"\\n')
  })
})

const SHORT = new Map([['\\n', '\n'], ['\\r', '\r'], ['\\t', '\t'], ['\\\\', '\\']])

/** Reads back what escapeBytes wrote. */
function unescapeBytes(text: string): Buffer {
  const parts = text.match(/\\x[0-9a-f]{2}|\\u\{[0-9a-f]+\}|\\[nrt\\]|[^\\]+/g) ?? []
  return Buffer.concat(parts.map((part) => {
    if (part.startsWith('\\x')) return Buffer.of(Number.parseInt(part.slice(2), 16))
    if (part.startsWith('\\u')) return Buffer.from(String.fromCodePoint(Number.parseInt(part.slice(3, -1), 16)))
    return Buffer.from(SHORT.get(part) ?? part)
  }))
}

describe('escapeBytes', () => {
  test('loses nothing: the bytes can be read back', () => {
    const texts = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text))
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), texts)
    fc.assert(fc.property(bytes, (payload) => {
      expect(unescapeBytes(escapeBytes(payload))).toEqual(Buffer.from(payload))
    }), { seed: 4, numRuns: 2000 })
  })

  test('writes what is no UTF-8 byte for byte', () => {
    expect(escapeBytes(Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x82))).toBe('a\\xffb\\xe2\\x82')
  })
})

describe('hexDump', () => {
  test('writes rows as hexdump -C does', () => {
    expect(hexDump(Buffer.from('hi\nabcdefghijklmnopq'))).toEqual([
      '00000000  68 69 0a 61 62 63 64 65  66 67 68 69 6a 6b 6c 6d  |hi.abcdefghijklm|',
      '00000010  6e 6f 70 71                                       |nopq|',
    ])
  })

  test('begins at the offset given', () => {
    expect(hexDump(Uint8Array.of(0x41), 0x12345)).toEqual([
      '00012345  41                                                |A|',
    ])
  })

  test('is printable ASCII for all bytes, and nothing for none', () => {
    const rows = hexDump(Uint8Array.from({ length: 256 }, (_, i) => i))
    expect(rows).toHaveLength(16)
    for (const row of rows) expect(row).toMatch(/^[\x20-\x7e]{78}$/)
    expect(hexDump(new Uint8Array(0))).toEqual([])
  })
})
