import { Buffer } from 'node:buffer'
import { CorruptFrameError, FrameTooLongError, InvalidOptionError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { slip, type SlipOptions } from '../../src/framing/slip.ts'
import { bytes, checkCodec } from './check-codec.ts'

const maxLength = 8
const special = fc.constantFrom(0xc0, 0xdb, 0xdc, 0xdd, 0x61)
const frames = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength }),
  fc.array(special, { minLength: 1, maxLength }).map((list) => Uint8Array.from(list)),
)
const long = { make: () => slip(), message: (length: number) => new Uint8Array(length).fill(0xdb).fill(1, length / 2) }
const tooLong = [bytes('123456789', 0xc0), bytes('1234567', 0xdb, 0xdc, 1, 0xc0)]
const invalid = [bytes(0xdb, 0xc0), bytes(0xdb, 1, 0xc0), ...tooLong]

checkCodec('slip', () => slip({ maxLength }), {
  frames,
  invalid: [...invalid, bytes('a'), bytes(0xc0, 0xdb)],
  variants: 2,
  maxHeld: 2 * maxLength + 1,
  long,
})

checkCodec('slip that passes over', () => slip({ maxLength, invalid: 'discard' }), {
  frames,
  invalid,
  variants: 2,
  maxHeld: 2 * maxLength + 1,
})

function decode(wire: string, options: SlipOptions = {}): ReturnType<typeof embed> {
  const embedded = embed(slip(options))
  embedded.writeInbound(Buffer.from(wire, 'hex'))
  return embedded as never
}
const hexOf = (items: readonly unknown[]): string[] =>
  items.map((item) => Buffer.from(item as Uint8Array).toString('hex'))

describe('slip', () => {
  test.each([
    ['c0aabbc0c0ccc0', ['aabb', 'cc']],
    ['aac0dbdcdbddc0', ['aa', 'c0db']],
    ['aadbdcc0', ['aac0']],
  ])('takes %s apart', (wire, expected) => {
    expect(hexOf(decode(wire).inbound)).toEqual(expected)
  })

  test.each([['aa', 'c0aac0'], ['c0db01', 'c0dbdcdbdd01c0']])('sends %s as %s', (frame, expected) => {
    const embedded = embed(slip())
    embedded.writeOutbound(Buffer.from(frame, 'hex'))
    expect(hexOf(embedded.outbound)).toEqual([expected])
  })

  test.each([
    ['aac0bbdb01', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 4 }],
    ['aac0bbdbc0', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 4 }],
    ['aac0bbbbbb', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', limit: 2, received: 3, offset: 2 }],
  ])('refuses %s', (wire, expected) => {
    expect(decode(wire, { maxLength: 2 }).error?.cause).toMatchObject(expected)
  })

  test('goes on at the next END where it is told to', () => {
    const { inbound, events, closed } = decode('db01aac0bbbbbbc0ccc0', { maxLength: 2, invalid: 'discard' })
    expect([hexOf(inbound), closed]).toEqual([['cc'], undefined])
    expect(events.filter(({ type }) => type === 'plugin-event')).toHaveLength(2)
  })

  test('gives a view of a frame without escapes', () => {
    const chunk = Buffer.from('c0aabbc0', 'hex')
    const embedded = embed(slip())
    embedded.writeInbound(chunk)
    expect(embedded.readInbound()?.buffer).toBe(chunk.buffer)
  })

  test.each([['', CorruptFrameError], ['aabbcc', FrameTooLongError]])('does not send %j', (frame, expected) => {
    const embedded = embed(slip({ maxLength: 2 }))
    embedded.writeOutbound(Buffer.from(frame, 'hex'))
    expect(embedded.error?.cause).toBeInstanceOf(expected)
  })

  test('drops a datagram that ends inside a frame', () => {
    const embedded = embed(slip(), { datagram: true })
    embedded.writeInbound(Buffer.from('c0aac0bb', 'hex'), Buffer.from('ccc0', 'hex'))
    expect(hexOf(embedded.inbound)).toEqual(['aa', 'cc'])
    expect(embedded.events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(1)
  })

  test('refuses a limit of 0', () => {
    expect(() => slip({ maxLength: 0 })).toThrow(InvalidOptionError)
  })
})
