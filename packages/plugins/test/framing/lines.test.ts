import { Buffer } from 'node:buffer'
import { CorruptFrameError, FrameTooLongError, InvalidOptionError, UnexpectedEndError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lines, type LinesOptions } from '../../src/framing/lines.ts'
import { bytes, checkCodec } from './check-codec.ts'

const maxLength = 8
const variants = 5
const withoutEnds = fc.uint8Array({ maxLength }).filter((line) => !line.includes(10) && !line.includes(13))
const maxHeld = maxLength + 1
const long = {
  make: () => lines({ maxLength: 65_536 }),
  message: (length: number) => new Uint8Array(length).fill(13),
}
const longCrLf = { ...long, make: () => lines({ maxLength: 65_536, ending: 'crlf' }) }

checkCodec('lines', () => lines({ maxLength }), {
  frames: withoutEnds,
  invalid: [bytes('123456789'), bytes('unterminated'), bytes('12345678\r\r\n'), bytes('a\nb')],
  variants,
  maxHeld,
  long: { ...long, message: (length: number) => new Uint8Array(length).fill(46) },
})

checkCodec('lines with CR LF', () => lines({ maxLength, ending: 'crlf' }), {
  frames: fc.uint8Array({ maxLength }).filter((line) => !Buffer.from(line).includes('\r\n')),
  invalid: [bytes('123456789\r\n'), bytes('1\n\r'), bytes('12345678\r1\r\n'), bytes('\r')],
  variants,
  maxHeld,
  long: longCrLf,
})

checkCodec('lines that are strict', () => lines({ maxLength, strict: true, unterminated: 'emit' }), {
  frames: withoutEnds,
  invalid: [bytes('a\rb\n'), bytes('a\r'), bytes('12345678\r\r\n'), bytes('123456789\r\r\n')],
  variants,
  maxHeld,
})

checkCodec('lines that are strict about CR LF', () => lines({ maxLength, ending: 'crlf', strict: true }), {
  frames: withoutEnds,
  invalid: [bytes('a\n'), bytes('\r\r\n'), bytes('12345678\n'), bytes('123456789\n'), bytes('a\r')],
  variants,
  maxHeld,
})

checkCodec('lines that are passed over where too long', () => lines({ maxLength, onTooLong: 'discard' }), {
  frames: withoutEnds,
  invalid: [bytes('123456789\n1\n'), bytes('123456789')],
  variants,
  maxHeld,
})

/** What comes of a stream in one chunk. */
function decode(text: string, options: LinesOptions = {}, settings = {}): ReturnType<typeof embed> {
  const embedded = embed(lines(options), settings)
  embedded.writeInbound(Buffer.from(text))
  return embedded as never
}
const textsOf = (items: readonly unknown[]): string[] => items.map((item) => Buffer.from(item as Uint8Array).toString())

describe('lines', () => {
  test.each([
    ['any', 'a\r\nb\nc\rd\n\n', ['a', 'b', 'c\rd', '']],
    ['lf', 'a\r\nb\nc\rd\n\n', ['a\r', 'b', 'c\rd', '']],
    ['crlf', 'a\r\nb\nc\rd\r\n\r\r\n', ['a', 'b\nc\rd', '\r']],
  ] as const)('end as %s says', (ending, text, expected) => {
    expect(textsOf(decode(text, { ending }).inbound)).toEqual(expected)
  })

  test.each([
    [{}, 'one\ntwo!\n', ['one', 'two!']],
    [{}, 'one\r\ntwo!!\n', ['one']],
    [{ onTooLong: 'discard' }, 'much too long\none\n', ['one']],
  ] as const)('are at most maxLength long: %o', (options, text, expected) => {
    expect(textsOf(decode(text, { maxLength: 4, ...options }).inbound)).toEqual(expected)
  })

  test('fail where the limit is passed, and tell which line it was', () => {
    const { error } = decode('one\r\ntwo!!', { maxLength: 4 })
    expect(error?.cause).toBeInstanceOf(FrameTooLongError)
    expect(error?.cause).toMatchObject({ limit: 4, received: 5, offset: 5 })
  })

  test('report what they pass over', () => {
    const { events } = decode('one\nmuch too long\n', { maxLength: 4, onTooLong: 'discard' })
    const error = expect.objectContaining({ code: 'MILLRACE_ERR_FRAME_TOO_LONG', offset: 4 }) as unknown
    const payload = { type: 'frame-discarded', error }
    expect(events.at(-1)).toMatchObject({ type: 'plugin-event', plugin: 'lines', payload })
  })

  test.each([
    ['any', 'ab\rc\n', 2],
    ['any', 'ab\n\r\r\n', 3],
    ['lf', 'ab\r\n', 2],
    ['crlf', 'ab\r\nab\n', 6],
  ] as const)('where strict, refuse with %s a CR or LF by itself: %j', (ending, text, offset) => {
    const { error } = decode(text, { ending, strict: true })
    expect(error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(error?.cause).toMatchObject({ offset })
  })

  test('need an ending at the end of a stream, unless told otherwise', () => {
    const cut = decode('one\ntwo')
    cut.endInbound()
    expect(textsOf(cut.inbound)).toEqual(['one'])
    expect(cut.error?.cause).toBeInstanceOf(UnexpectedEndError)
    expect(cut.error?.cause).toMatchObject({ received: 3, offset: 4 })
    const taken = decode('one\ntwo', { unterminated: 'emit' })
    taken.endInbound()
    expect([textsOf(taken.inbound), taken.error]).toEqual([['one', 'two'], undefined])
  })

  test('end with their datagram', () => {
    const embedded = embed(lines({ maxLength: 4 }), { datagram: true })
    embedded.writeInbound(...['one\ntwo', '', '\n', 'three!\n4', '5\n'].map((text) => Buffer.from(text)))
    expect(textsOf(embedded.inbound)).toEqual(['one', 'two', '', '5'])
    expect(embedded.events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(1)
  })

  test('are views of a chunk that holds them whole', () => {
    const chunk = Buffer.from('one\ntwo\n')
    const { inbound } = ((): { inbound: readonly Uint8Array[] } => {
      const embedded = embed(lines())
      embedded.writeInbound(chunk)
      return embedded
    })()
    for (const line of inbound) expect(line.buffer).toBe(chunk.buffer)
  })

  test.each([
    ['any', 'a', 'a\n'],
    ['lf', 'a\r', 'a\r\n'],
    ['crlf', 'a\n', 'a\n\r\n'],
  ] as const)('are sent with %s as their ending', (ending, line, expected) => {
    const embedded = embed(lines({ ending }))
    embedded.writeOutbound(Buffer.from(line))
    expect(textsOf(embedded.outbound)).toEqual([expected])
  })

  test.each([
    [{}, 'a\nb', CorruptFrameError],
    [{}, 'a\r', CorruptFrameError],
    [{ ending: 'crlf' }, 'a\r\nb', CorruptFrameError],
    [{ ending: 'crlf', strict: true }, 'a\nb', CorruptFrameError],
    [{ maxLength: 2 }, 'abc', FrameTooLongError],
  ] as const)('are not sent where the peer would not read one: %o %j', (options, line, expected) => {
    const embedded = embed(lines(options))
    embedded.writeOutbound(Buffer.from(line))
    expect(embedded.error?.cause).toBeInstanceOf(expected)
    expect(embedded.outbound).toEqual([])
  })

  test.each([{ maxLength: 0 }, { maxLength: 16_777_217 }, { ending: 'cr' }, { strict: 1 }, { longest: 1 }])(
    'refuse %o',
    (options) => {
      expect(() => lines(options as LinesOptions)).toThrow(InvalidOptionError)
    },
  )
})
