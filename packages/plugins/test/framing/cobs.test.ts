import { Buffer } from 'node:buffer'
import { FrameTooLongError, InvalidOptionError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cobs, type CobsOptions } from '../../src/framing/cobs.ts'
import { bytes, checkCodec } from './check-codec.ts'

const maxLength = 300
const some = fc.uint8Array({ maxLength: 12 })
const zeros = fc.array(fc.constantFrom(0, 0, 1, 255), { maxLength: 12 }).map((list) => Uint8Array.from(list))
// Blocks are full from 254 bytes on.
const full = fc
  .tuple(fc.integer({ min: 252, max: 257 }), zeros)
  .map(([length, end]) => Buffer.concat([Buffer.alloc(length, 7), end]))
const frames = fc.oneof({ arbitrary: some, weight: 6 }, { arbitrary: zeros, weight: 6 }, full)
const tooLong = bytes(255, '7'.repeat(254), 60, '7'.repeat(59), 0)
const invalid = [bytes(2, 0), bytes(5, 1, 1, 0), bytes(1, 3, 1, 0), tooLong]

checkCodec('cobs', () => cobs({ maxLength }), {
  frames,
  invalid: [...invalid, bytes(1), bytes(3, 1)],
  variants: 2,
  maxHeld: maxLength + 3,
  long: { make: () => cobs(), message: (length) => new Uint8Array(length).fill(1, 0, length / 2) },
})

checkCodec('cobs that passes over', () => cobs({ maxLength, invalid: 'discard' }), {
  frames,
  invalid,
  variants: 2,
  maxHeld: maxLength + 3,
})

const hexOf = (items: readonly unknown[]): string[] =>
  items.map((item) => Buffer.from(item as Uint8Array).toString('hex'))
const run = (from: number, to: number): string =>
  Buffer.from(Array.from({ length: to - from + 1 }, (_, i) => from + i)).toString('hex')

function decode(wire: string, options: CobsOptions = {}): ReturnType<typeof embed> {
  const embedded = embed(cobs(options))
  embedded.writeInbound(Buffer.from(wire, 'hex'))
  return embedded as never
}

describe('cobs', () => {
  // The examples of the paper and of https://en.wikipedia.org/wiki/Consistent_Overhead_Byte_Stuffing
  test.each([
    ['', '0100'],
    ['00', '010100'],
    ['0000', '01010100'],
    ['11220033', '031122023300'],
    ['11000000', '021101010100'],
    [run(1, 254), `ff${run(1, 254)}00`],
    [`00${run(1, 254)}`, `01ff${run(1, 254)}00`],
    [run(1, 255), `ff${run(1, 254)}02ff00`],
    [`${run(2, 255)}00`, `ff${run(2, 255)}010100`],
    [`${run(3, 255)}0001`, `fe${run(3, 255)}020100`],
  ])('has for %s the bytes %s, both ways', (frame, wire) => {
    const embedded = embed(cobs())
    embedded.writeOutbound(Buffer.from(frame, 'hex'))
    expect(hexOf(embedded.outbound)).toEqual([wire])
    expect(hexOf(decode(wire).inbound)).toEqual([frame])
  })

  test.each([
    ['02aa0003bb00', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 5 }],
    ['02aa0004bbbbbb', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', limit: 2, received: 3, offset: 3 }],
  ])('refuses %s', (wire, expected) => {
    expect(decode(wire, { maxLength: 2 }).error?.cause).toMatchObject(expected)
  })

  test('goes on at the next zero where it is told to', () => {
    const { inbound, events, closed } = decode('000002aa0003bb0004cccccc0002dd00', { maxLength: 2, invalid: 'discard' })
    expect([hexOf(inbound), closed]).toEqual([['aa', 'dd'], undefined])
    expect(events.filter(({ type }) => type === 'plugin-event')).toHaveLength(2)
  })

  test('gives a view of a frame of one block', () => {
    const chunk = Buffer.from('03aabb00', 'hex')
    const embedded = embed(cobs())
    embedded.writeInbound(chunk)
    expect(embedded.readInbound()?.buffer).toBe(chunk.buffer)
  })

  test('does not send what is too long', () => {
    const embedded = embed(cobs({ maxLength: 1 }))
    embedded.writeOutbound(new Uint8Array(2))
    expect(embedded.error?.cause).toBeInstanceOf(FrameTooLongError)
  })

  test('drops a datagram that ends inside a frame', () => {
    const embedded = embed(cobs(), { datagram: true })
    embedded.writeInbound(Buffer.from('02aa0002', 'hex'), Buffer.from('02bb00', 'hex'))
    expect(hexOf(embedded.inbound)).toEqual(['aa', 'bb'])
    expect(embedded.events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(1)
  })

  test('refuses a limit of 0', () => {
    expect(() => cobs({ maxLength: 0 })).toThrow(InvalidOptionError)
  })
})
