import { Buffer } from 'node:buffer'
import { CorruptFrameError, FrameTooLongError, InvalidOptionError, UnexpectedEndError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lengthPrefixed, type LengthPrefixedOptions } from '../../src/framing/length-prefixed.ts'
import { bytes, checkCodec } from './check-codec.ts'

const maxLength = 10
const variants = 5
const frames = fc.uint8Array({ maxLength })
const long = {
  make: () => lengthPrefixed({ bytes: 2, maxLength: 65_535 }),
  message: (length: number) => new Uint8Array(length),
}

checkCodec('lengthPrefixed by one byte', () => lengthPrefixed({ bytes: 1, maxLength }), {
  frames,
  invalid: [bytes(11), bytes(2, 1), bytes(255, 'x')],
  variants,
  maxHeld: maxLength,
  long,
})

const lowestFirst = { bytes: 3, endian: 'little', maxLength } as const
checkCodec('lengthPrefixed by three bytes, the lowest first', () => lengthPrefixed(lowestFirst), {
  frames,
  invalid: [bytes(0, 0, 1), bytes(11, 0, 0), bytes(1, 0, 0)],
  variants,
  maxHeld: maxLength + 2,
})

checkCodec('lengthPrefixed that counts itself', () => lengthPrefixed({ bytes: 8, adjustment: -8, maxLength }), {
  frames,
  invalid: [bytes(0, 0, 0, 0, 0, 0, 0, 7), bytes(0, 0, 0, 0, 0, 0, 0, 19), new Uint8Array(8).fill(255)],
  variants,
  maxHeld: maxLength + 7,
})

const headed = { bytes: 2, offset: 2, strip: 1, maxLength } as const
checkCodec('lengthPrefixed behind another field', () => lengthPrefixed(headed), {
  // One byte of the other field, and a length that is right.
  frames: fc.tuple(fc.nat(255), frames).map(([first, body]) => Uint8Array.of(first, 0, body.length, ...body)),
  invalid: [bytes(0, 0, 0, 11), bytes(0, 0, 0)],
  variants,
  maxHeld: maxLength + 3,
})

checkCodec('lengthPrefixed that passes over', () => lengthPrefixed({ bytes: 1, maxLength, onTooLong: 'discard' }), {
  frames,
  invalid: [bytes(11, '12345678901', 1), bytes(11)],
  variants,
  maxHeld: maxLength,
})

function decode(chunk: Uint8Array, options: LengthPrefixedOptions): ReturnType<typeof embed> {
  const embedded = embed(lengthPrefixed(options))
  embedded.writeInbound(chunk)
  return embedded as never
}
const hexOf = (items: readonly unknown[]): string[] =>
  items.map((item) => Buffer.from(item as Uint8Array).toString('hex'))

describe('lengthPrefixed', () => {
  test.each<[LengthPrefixedOptions, string, string[]]>([
    [{}, '00000002aabb00000000', ['aabb', '']],
    [{ bytes: 3 }, '000001aa', ['aa']],
    [{ bytes: 2, endian: 'little' }, '0200aabb', ['aabb']],
    [{ bytes: 8 }, '0000000000000001aa', ['aa']],
    [{ bytes: 2, adjustment: -2 }, '0003aa0002', ['aa', '']],
    [{ bytes: 1, adjustment: 1 }, '00aa01bbcc', ['aa', 'bbcc']],
    [{ bytes: 2, offset: 1 }, 'ff0001aa', ['aa']],
    [{ bytes: 2, offset: 1, strip: 0 }, 'ff0001aa', ['ff0001aa']],
    [{ bytes: 2, offset: 1, strip: 1 }, 'ff0001aa', ['0001aa']],
    [{ bytes: 1, maxLength: 1, onTooLong: 'discard' }, '02aabb01cc', ['cc']],
  ])('with %o takes %s apart', (options, wire, expected) => {
    expect(hexOf(decode(Buffer.from(wire, 'hex'), options).inbound)).toEqual(expected)
  })

  test.each<[LengthPrefixedOptions, string, string]>([
    [{}, 'aabb', '00000002aabb'],
    [{ bytes: 2, endian: 'little', adjustment: -2 }, 'aabb', '0400aabb'],
    [{ bytes: 8, endian: 'little' }, 'aa', '0100000000000000aa'],
    [{ bytes: 1, offset: 2 }, 'aa', '000001aa'],
    [{ bytes: 1, offset: 1, strip: 0 }, 'ff09aabb', 'ff02aabb'],
  ])('with %o sends %s as %s', (options, frame, expected) => {
    const embedded = embed(lengthPrefixed(options))
    embedded.writeOutbound(Buffer.from(frame, 'hex'))
    expect(hexOf(embedded.outbound)).toEqual([expected])
  })

  test.each<[LengthPrefixedOptions, string, object]>([
    [{ bytes: 1, maxLength: 2 }, '01aa03', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', limit: 2, received: 3, offset: 2 }],
    [{ bytes: 2, adjustment: -2 }, '0002ff00', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', received: 65_278, offset: 2 }],
    [{ bytes: 1, offset: 1, adjustment: -1 }, 'ff01ff00', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 3 }],
  ])('with %o refuses %s', (options, wire, expected) => {
    expect(decode(Buffer.from(wire, 'hex'), { maxLength: 100, ...options }).error?.cause).toMatchObject(expected)
  })

  test.each([[{ bytes: 1 }, 256], [{ bytes: 1, adjustment: -1 }, 255], [{ maxLength: 4 }, 5]])(
    'with %o does not send %i bytes',
    (options, length) => {
      const embedded = embed(lengthPrefixed(options))
      embedded.writeOutbound(new Uint8Array(length))
      expect(embedded.error?.cause).toBeInstanceOf(FrameTooLongError)
    },
  )

  test('does not send a frame that is shorter than its head', () => {
    const embedded = embed(lengthPrefixed({ bytes: 2, strip: 0 }))
    embedded.writeOutbound(Uint8Array.of(1))
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test('fails at an end inside a frame, and tells which', () => {
    const embedded = decode(bytes(1, 'a', 5, 'abc'), { bytes: 1 })
    embedded.endInbound()
    expect(embedded.error?.cause).toBeInstanceOf(UnexpectedEndError)
    expect(embedded.error?.cause).toMatchObject({ received: 4, offset: 2 })
  })

  test('takes several frames from a datagram, and drops one that is cut', () => {
    const embedded = embed(lengthPrefixed({ bytes: 1 }), { datagram: true })
    embedded.writeInbound(bytes(1, 'a', 1, 'b', 2, 'c'), bytes(1, 'd'))
    expect(embedded.inbound.map(String)).toEqual(['97', '98', '100'])
    expect(embedded.events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(1)
  })

  test('sets nothing aside for what is only announced', () => {
    const before = process.memoryUsage().arrayBuffers
    const open = Array.from({ length: 200 }, () => decode(Buffer.from('00fffff0aa', 'hex'), { maxLength: 16_777_216 }))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_777_216)
    expect(open.every(({ closed }) => closed === undefined)).toBe(true)
  })

  const beyond = { bytes: 1, offset: 1, strip: 3 }
  const outOfRange = [{ bytes: 0 }, { bytes: 9 }, { offset: -1 }, { strip: 5 }, { endian: 'native' }]
  test.each([...outOfRange, beyond])('refuses %o', (options) => {
    expect(() => lengthPrefixed(options as LengthPrefixedOptions)).toThrow(InvalidOptionError)
  })
})
