import { Buffer } from 'node:buffer'
import { FrameTooLongError, InvalidOptionError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { netstring } from '../../src/framing/netstring.ts'
import { bytes, checkCodec } from './check-codec.ts'

const maxLength = 12

checkCodec('netstring', () => netstring({ maxLength }), {
  frames: fc.uint8Array({ maxLength }),
  invalid: ['13:', '99', '01:a,', '00:,', ':a,', 'a', '1:ab', '1:a', '1', '-1:', '+1:a,'].map((text) => bytes(text)),
  maxHeld: maxLength + 3,
  long: { make: () => netstring(), message: (length) => new Uint8Array(length) },
})

describe('netstring', () => {
  test('takes netstrings apart', () => {
    const embedded = embed(netstring())
    embedded.writeInbound(Buffer.from('5:hello,0:,10:'), Buffer.from('1,2:3,4:5,'), Buffer.from(','))
    expect(embedded.inbound.map((frame) => Buffer.from(frame).toString())).toEqual(['hello', '', '1,2:3,4:5,'])
  })

  test.each([
    ['1:a,13:', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', limit: 12, received: 13, offset: 4 }],
    ['1:a,999999', { code: 'MILLRACE_ERR_FRAME_TOO_LONG', received: 99, offset: 4 }],
    ['1:a,01:', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 5 }],
    ['1:a,1x', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 5 }],
    ['1:a,1:a;', { code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 7 }],
  ])('refuses %j', (text, expected) => {
    const embedded = embed(netstring({ maxLength }))
    embedded.writeInbound(Buffer.from(text))
    expect(embedded.inbound).toHaveLength(1)
    expect(embedded.error?.cause).toMatchObject(expected)
  })

  test('sends what is written as one', () => {
    const embedded = embed(netstring())
    embedded.writeOutbound(Buffer.from('hello'))
    expect(String(embedded.readOutbound())).toBe('5:hello,')
  })

  test('does not send what is too long', () => {
    const embedded = embed(netstring({ maxLength: 1 }))
    embedded.writeOutbound(new Uint8Array(2))
    expect(embedded.error?.cause).toBeInstanceOf(FrameTooLongError)
  })

  test('refuses a limit of 0', () => {
    expect(() => netstring({ maxLength: 0 })).toThrow(InvalidOptionError)
  })
})
