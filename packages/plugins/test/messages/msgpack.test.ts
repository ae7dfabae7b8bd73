import { Buffer } from 'node:buffer'
import { CorruptFrameError, type Frame, InvalidMessageError, InvalidOptionError, pipeline } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import { encode, ExtData } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { lengthPrefixed } from '../../src/framing/length-prefixed.ts'
import { msgpack, type MsgpackOptions } from '../../src/messages/msgpack.ts'
import { checkCodec } from '../framing/check-codec.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')

const keys = fc.string().filter((key) => key !== '__proto__')
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false),
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    // The library writes a negative zero as 0.
    fc.double().filter((number) => !Object.is(number, -0)),
    fc.uint8Array({ maxLength: 8 }),
    fc.date({ noInvalidDate: true, min: new Date(0) }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

const invalid: readonly Uint8Array[] = [
  '', 'c1', 'dd ffffffff', 'df 7fffffff', '92 01', 'a2 61', 'a1 ff', 'd9', '01 01', '91 91 91 91 91 91 01',
  '81 a9 5f5f70726f746f5f5f 01', '81 c0 01', 'c7 05 ff 0000000000', 'cf ffffffffffffffff', 'd3 8000000000000000',
  '81 ab 636f6e7374727563746f72 81 a9 70726f746f74797065 01',
].map(hex)

checkCodec('msgpack', () => msgpack({ maxDepth: 5 }), { frames: values, invalid, variants: 2 })

checkCodec('msgpack with bigints', () => msgpack({ bigints: true, invalid: 'discard' }), {
  frames: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.string(), fc.integer()),
  invalid: [hex('c1'), hex('cf 00')],
  variants: 2,
})

function decode(frame: Uint8Array, options: MsgpackOptions = {}): ReturnType<typeof embed<unknown, unknown>> {
  const embedded = embed(msgpack(options))
  embedded.writeInbound(frame as Frame)
  return embedded as never
}

describe('msgpack', () => {
  test.each([
    ['93 01 a1 61 c0', [1, 'a', null]],
    ['82 a1 61 01 02 c4 02 ffff', { a: 1, 2: Uint8Array.of(255, 255) }],
    ['cb 3ff8000000000000', 1.5],
    ['d6 ff 00000001', new Date(1000)],
    ['d4 05 aa', new ExtData(5, Uint8Array.of(0xaa))],
    ['dc 0001 de 0001 d9 01 61 c2', [{ a: false }]],
    ['cf 001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['d3 ffe0000000000001', Number.MIN_SAFE_INTEGER],
    ['81 ab 636f6e7374727563746f72 01', { constructor: 1 }],
  ])('reads %s', (frame, expected) => {
    expect(decode(hex(frame)).inbound).toEqual([expected])
  })

  test.each([
    ['nothing', '', 0],
    ['a byte that is never used', '91 c1', 1],
    ['an array that claims more than there is', 'dd ffffffff 01', 0],
    ['arrays that claim it together', '92 93 01 93 01', 1],
    ['a map that claims more than there is', '81 df 7fffffff 01', 1],
    ['text that is cut off', '91 a5 61', 1],
    ['text that is no UTF-8', '92 a1 61 a1 ff', 3],
    ['a second value', 'c0 c0', 1],
    ['an integer that a number cannot hold', '91 cf 0020000000000000', 1],
  ])('refuses %s', (_what, frame, offset) => {
    const { error } = decode(hex(frame))
    expect(error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(error?.cause).toMatchObject({ offset })
  })

  test.each([
    ['a prototype', '81 a9 5f5f70726f746f5f5f 81 a5 61646d696e c3'],
    ['the prototype of a constructor', '81 ab 636f6e7374727563746f72 81 a9 70726f746f74797065 01'],
    ['a key that is none', '81 90 01'],
    ['a timestamp that is none', 'c7 03 ff 000000'],
    ['a timestamp that no Date can hold', 'c7 0c ff 00000000 7fffffffffffffff'],
  ])('refuses %s', (_what, frame) => {
    const { error } = decode(hex(frame))
    expect(error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(error?.cause).not.toHaveProperty('cause')
    expect(String(error)).not.toMatch(/admin/)
  })

  test('bounds the depth, both ways', () => {
    const nested = (depth: number): Uint8Array => Uint8Array.from([...Array<number>(depth).fill(0x91), 1])
    expect(decode(nested(128)).inbound).toHaveLength(1)
    expect(decode(nested(129)).error?.cause).toMatchObject({ offset: 128 })
    expect(decode(nested(1_000_000)).error?.cause).toBeInstanceOf(CorruptFrameError)
    const embedded = embed(msgpack({ maxDepth: 2 }))
    embedded.writeOutbound([[[1]]])
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test('sets nothing aside for what is only claimed', () => {
    const before = process.memoryUsage().heapUsed
    const claims = hex(`${'dd 01ffffff'.repeat(20)} 01`)
    expect(decode(claims).error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
  })

  test('gives bigints where it is told to', () => {
    expect(decode(hex('cf ffffffffffffffff'), { bigints: true }).inbound).toEqual([2n ** 64n - 1n])
  })

  test('gives its messages as a schema makes them', () => {
    const schema = z.object({ n: z.number() })
    expect(decode(encode({ n: 1, m: 2 }), { schema }).inbound).toEqual([{ n: 1 }])
    expect(decode(encode({ n: 'a' }), { schema }).error?.cause).toBeInstanceOf(InvalidMessageError)
  })

  test('does not send what it cannot', () => {
    const embedded = embed(msgpack())
    embedded.writeOutbound(1n)
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test('answers behind a length', () => {
    const embedded = embed(pipeline(lengthPrefixed({ bytes: 2 }), msgpack()))
    embedded.writeInbound(hex('0002 91 01'))
    embedded.writeOutbound({ a: true })
    expect(embedded.inbound).toEqual([[1]])
    expect(Buffer.concat(embedded.outbound).toString('hex')).toBe('000481a161c3')
  })

  test.each([{ maxDepth: 0 }, { bigints: 'yes' }, { schema: 1 }])('refuses %o', (options) => {
    expect(() => msgpack(options as unknown as MsgpackOptions)).toThrow(InvalidOptionError)
  })
})
