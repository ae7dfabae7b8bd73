import { Buffer } from 'node:buffer'
import { FrameTooLongError, InvalidOptionError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { varintPrefixed } from '../../src/framing/varint-prefixed.ts'
import { bytes, checkCodec } from './check-codec.ts'

const maxLength = 200
const endless = Array<number>(9).fill(0x80)

checkCodec('varintPrefixed', () => varintPrefixed({ maxLength }), {
  frames: fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.uint8Array({ minLength: 126, maxLength: 130 })),
  invalid: [bytes(201, 1), bytes(...endless, 0x80), bytes(...endless, 2), bytes(0x80), bytes(2, 1)],
  maxHeld: maxLength + 9,
  long: { make: () => varintPrefixed(), message: (length) => new Uint8Array(length) },
})

describe('varintPrefixed', () => {
  test.each([
    ['02aabb00', ['aabb', '']],
    ['8100aa', ['aa']],
    ['81808080808080808000aa', ['aa']],
    [`ac02${'aa'.repeat(300)}`, ['aa'.repeat(300)]],
  ])('takes %s apart', (wire, expected) => {
    const embedded = embed(varintPrefixed())
    embedded.writeInbound(Buffer.from(wire, 'hex'))
    expect(embedded.inbound.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(expected)
  })

  test.each([
    ['01aa05', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', limit: 4, received: 5, offset: 2 }],
    ['00ffffffffffffffffff01', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', offset: 1 }],
    ['0080808080808080808002', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 10 }],
  ])('refuses %s', (wire, expected) => {
    const embedded = embed(varintPrefixed({ maxLength: 4 }))
    embedded.writeInbound(Buffer.from(wire, 'hex'))
    expect(embedded.error?.cause).toMatchObject(expected)
  })

  test.each([[0, '00'], [127, '7f'], [128, '8001'], [16_384, '808001']])('sends %i bytes behind %s', (length, head) => {
    const embedded = embed(varintPrefixed())
    embedded.writeOutbound(new Uint8Array(length))
    expect(Buffer.from(embedded.readOutbound() ?? []).toString('hex')).toBe(head + '00'.repeat(length))
  })

  test('does not send what is too long', () => {
    const embedded = embed(varintPrefixed({ maxLength: 1 }))
    embedded.writeOutbound(new Uint8Array(2))
    expect(embedded.error?.cause).toBeInstanceOf(FrameTooLongError)
  })

  test('refuses a limit of 0', () => {
    expect(() => varintPrefixed({ maxLength: 0 })).toThrow(InvalidOptionError)
  })
})
