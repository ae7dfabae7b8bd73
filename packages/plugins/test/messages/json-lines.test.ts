import { Buffer } from 'node:buffer'
import {
  CorruptFrameError,
  FrameTooLongError,
  InvalidMessageError,
  InvalidOptionError,
  UnexpectedEndError,
} from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { jsonLines, type JsonLinesOptions } from '../../src/messages/json-lines.ts'
import { bytes, checkCodec } from '../framing/check-codec.ts'

const maxLength = 24
const short = fc
  .oneof(fc.jsonValue({ maxDepth: 2 }), fc.array(fc.nat(9)), fc.string())
  .map((value) => JSON.stringify(value))
  .filter((text) => Buffer.byteLength(text) <= maxLength && !text.includes('__proto__'))
  .map((text) => JSON.parse(text) as unknown)

const invalid = ['{\n', '1 2\n', '[[[[[1]]]]]\n', '{"__proto__":1}\n', `"${'x'.repeat(maxLength)}"\n`]
  .map((text) => bytes(text))
  .concat(bytes('"', 0xff, '"\n'))

checkCodec('jsonLines', () => jsonLines({ maxLength, maxDepth: 4 }), {
  frames: short,
  invalid: [...invalid, bytes('1'), bytes('"a')],
  variants: 3,
  maxHeld: maxLength + 1,
  long: { make: () => jsonLines(), message: (length) => 'x'.repeat(length) },
})

checkCodec('jsonLines that pass over', () => jsonLines({ maxLength, maxDepth: 4, invalid: 'discard' }), {
  frames: short,
  invalid,
  variants: 3,
  maxHeld: maxLength + 1,
})

checkCodec('jsonLines that need no last ending', () => jsonLines({ maxLength, unterminated: 'emit', blank: 'error' }), {
  frames: short,
  invalid: [bytes('\n'), bytes(' \r\n'), bytes('{'), bytes('\r')],
  variants: 3,
  maxHeld: maxLength + 1,
})

function decode(text: string, options: JsonLinesOptions = {}, datagram = false): ReturnType<typeof embed> {
  const embedded = embed(jsonLines(options), { datagram })
  embedded.writeInbound(Buffer.from(text))
  return embedded as never
}

describe('jsonLines', () => {
  test('gives a value for each line, and none for a blank one', () => {
    expect(decode('{"a":1}\r\n\n  \n[2]\nnull\n').inbound).toEqual([{ a: 1 }, [2], null])
  })

  test.each([
    ['1\n{\n', CorruptFrameError, 2],
    ['1\n"\u00e9"\n{}\n', InvalidMessageError, 2],
    [`1\n${'2'.repeat(50)}`, FrameTooLongError, 2],
  ])('refuses in %j the line that is bad, and tells where it begins', (text, expected, offset) => {
    const { inbound, error } = decode(text, { schema: z.number(), maxLength: 40 })
    expect(inbound).toEqual([1])
    expect(error?.cause).toBeInstanceOf(expected)
    expect(error?.cause).toMatchObject({ offset })
  })

  test('needs an ending at the end of the stream, unless told otherwise', () => {
    const [cut, taken] = [decode('1\n23'), decode('1\n23', { unterminated: 'emit' })]
    for (const embedded of [cut, taken]) embedded.endInbound()
    expect(cut.inbound).toEqual([1])
    expect(cut.error?.cause).toBeInstanceOf(UnexpectedEndError)
    expect([taken.inbound, taken.error]).toEqual([[1, 23], undefined])
  })

  test('tells where a last line is bad that needs no ending', () => {
    const embedded = decode('1\n{', { unterminated: 'emit' })
    embedded.endInbound()
    expect(embedded.error?.cause).toMatchObject({ code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 2 })
  })

  test('passes over bad lines where it is told to', () => {
    const { inbound, events, closed } = decode(`x\n1\n${'2'.repeat(50)}\n"a"\n3\n`, {
      schema: z.number(),
      maxLength: 40,
      invalid: 'discard',
    })
    expect([inbound, closed]).toEqual([[1, 3], undefined])
    expect(events.filter(({ type }) => type === 'plugin-event')).toHaveLength(3)
  })

  test('takes the lines of a datagram, the last one with or without an ending', () => {
    expect(decode('1\n2', {}, true).inbound).toEqual([1, 2])
    expect(decode('1\nx\n3', {}, true).inbound).toEqual([1])
  })

  test('sends a line for each value', () => {
    const embedded = embed(jsonLines())
    for (const message of [{ a: 'b\nc' }, 1]) embedded.writeOutbound(message)
    expect(Buffer.concat(embedded.outbound).toString()).toBe('{"a":"b\\nc"}\n1\n')
  })

  test('does not send what is too long', () => {
    const embedded = embed(jsonLines({ maxLength: 4 }))
    embedded.writeOutbound('abc')
    expect(embedded.error?.cause).toBeInstanceOf(FrameTooLongError)
  })

  test.each([{ maxLength: 0 }, { blank: 'emit' }, { unterminated: true }])('refuses %o', (options) => {
    expect(() => jsonLines(options as unknown as JsonLinesOptions)).toThrow(InvalidOptionError)
  })
})
