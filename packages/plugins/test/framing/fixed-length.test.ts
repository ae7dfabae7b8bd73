import { Buffer } from 'node:buffer'
import { CorruptFrameError, InvalidOptionError, UnexpectedEndError } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fixedLength } from '../../src/framing/fixed-length.ts'
import { bytes, checkCodec } from './check-codec.ts'

checkCodec('fixedLength', () => fixedLength({ size: 5 }), {
  frames: fc.uint8Array({ minLength: 5, maxLength: 5 }),
  invalid: [bytes('123456')],
  maxHeld: 4,
  long: { make: () => fixedLength({ size: 5_000 }), message: () => new Uint8Array(5_000) },
})

describe('fixedLength', () => {
  test('joins and splits', () => {
    const embedded = embed(fixedLength({ size: 4 }))
    embedded.writeInbound(Buffer.from('ab'), Buffer.from('cdefghi'), Buffer.from('jkl'))
    expect(embedded.inbound.map(String)).toEqual(['abcd', 'efgh', 'ijkl'])
  })

  test('fails at an end inside a frame, and tells which', () => {
    const embedded = embed(fixedLength({ size: 4 }))
    embedded.writeInbound(Buffer.from('abcdef'))
    embedded.endInbound()
    expect(embedded.error?.cause).toBeInstanceOf(UnexpectedEndError)
    expect(embedded.error?.cause).toMatchObject({ received: 2, offset: 4 })
  })

  test('takes several frames from a datagram, and drops the rest of a datagram', () => {
    const embedded = embed(fixedLength({ size: 2 }), { datagram: true })
    embedded.writeInbound(Buffer.from('abcde'), Buffer.from('fg'))
    expect(embedded.inbound.map(String)).toEqual(['ab', 'cd', 'fg'])
    expect(embedded.events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(1)
  })

  test('sends frames of that length alone', () => {
    const embedded = embed(fixedLength({ size: 2 }))
    embedded.writeOutbound(Buffer.from('abc'))
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test.each([0, 1.5, 16_777_217])('refuses size %o', (size) => {
    expect(() => fixedLength({ size })).toThrow(InvalidOptionError)
  })
})
