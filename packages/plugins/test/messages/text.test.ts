import { Buffer } from 'node:buffer'
import {
  composePipeline,
  CorruptFrameError,
  type Frame,
  InvalidOptionError,
  pipeline,
  PluginRegistry,
  respond,
  UnexpectedEndError,
} from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lines } from '../../src/framing/lines.ts'
import { text, type TextOptions } from '../../src/messages/text.ts'
import { plugins } from '../../src/plugins.ts'
import { bytes, checkCodec } from '../framing/check-codec.ts'

const variants = 6
const characters = fc.constantFrom('a', 'é', '€', '\u{1f600}', '\ufeff')
const texts = fc.string({ unit: fc.oneof(characters, fc.string({ unit: 'binary' })) })
const broken = ['ff', '61e282', 'c080', 'eda080', 'e228a1'].map((hex) => Buffer.from(hex, 'hex'))
const brokenUtf16 = [bytes(0), bytes(0, 0xd8), bytes(0, 0xdc), bytes(0, 0xd8, 0x41, 0), bytes(0x61, 0, 0, 0xd8, 1)]
const joins = (items: readonly unknown[]): string => items.join('')
const long = {
  make: () => text({ stream: true }),
  message: (length: number) => '€'.repeat(length / 3),
}

checkCodec('text of frames', () => text(), { frames: texts, invalid: broken, variants })
checkCodec('text of frames in UTF-16', () => text({ encoding: 'utf-16le' }), {
  frames: texts,
  invalid: brokenUtf16,
  variants,
})
checkCodec('text of a stream', () => text({ stream: true }), {
  frames: texts,
  invalid: broken,
  joins,
  variants,
  maxHeld: 3,
  long,
})
checkCodec('text of a stream in UTF-16', () => text({ stream: true, encoding: 'utf-16le' }), {
  frames: texts,
  invalid: brokenUtf16,
  joins,
  variants,
  maxHeld: 3,
})
checkCodec('text of a stream with replacements', () => text({ stream: true, invalid: 'replace' }), {
  frames: texts,
  joins,
  variants,
  maxHeld: 3,
})
const replacing = { stream: true, invalid: 'replace', encoding: 'utf-16le' } as const
checkCodec('text of a stream in UTF-16 with replacements', () => text(replacing), {
  frames: texts,
  joins,
  variants,
  maxHeld: 3,
})

function decode(frame: Uint8Array, options: TextOptions & { stream?: false } = {}): ReturnType<typeof embed> {
  const embedded = embed(text(options))
  embedded.writeInbound(frame as Frame)
  return embedded as never
}

describe('text', () => {
  test.each([
    ['utf-8', 'e282ac20efbbbf', '€ \ufeff'],
    ['utf-16le', 'ac203dd800de', '€\u{1f600}'],
    ['latin1', 'e980ff', 'é\u0080ÿ'],
  ] as const)('reads and writes %s', (encoding, hex, expected) => {
    expect(decode(Buffer.from(hex, 'hex'), { encoding }).inbound).toEqual([expected])
    const embedded = embed(text({ encoding }))
    embedded.writeOutbound(expected)
    expect(Buffer.from(embedded.readOutbound() ?? []).toString('hex')).toBe(hex)
  })

  test.each([
    ['utf-8', '6161ff', 'aa\ufffd', 2],
    ['utf-8', '61e282', 'a\ufffd', 1],
    ['utf-16le', '610000d86200', 'a\ufffdb', 2],
    ['utf-16le', '610000', 'a\ufffd', 2],
  ] as const)('refuses or replaces what is invalid in %s: %s', (encoding, hex, replaced, offset) => {
    const frame = Buffer.from(hex, 'hex')
    const { error } = decode(frame, { encoding })
    expect(error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(error?.cause).toMatchObject({ offset })
    expect(decode(frame, { encoding, invalid: 'replace' }).inbound).toEqual([replaced])
  })

  test('keeps nothing of a frame for the next one', () => {
    const embedded = embed(text({ invalid: 'replace' }))
    for (const hex of ['61c3', 'a962', '']) embedded.writeInbound(Buffer.from(hex, 'hex') as Uint8Array as Frame)
    expect(embedded.inbound).toEqual(['a\ufffd', '\ufffdb', ''])
  })

  test('of a stream waits for the rest of a character', () => {
    const embedded = embed(text({ stream: true }))
    embedded.writeInbound(Buffer.from('61e2', 'hex'), Buffer.from('82', 'hex'), Buffer.from('ac62', 'hex'))
    expect(embedded.inbound).toEqual(['a', '€b'])
  })

  test('of a stream fails at an end inside a character, or replaces it', () => {
    const [cut, replaced] = [embed(text({ stream: true })), embed(text({ stream: true, invalid: 'replace' }))]
    for (const embedded of [cut, replaced]) {
      embedded.writeInbound(Buffer.from('61e282', 'hex'))
      embedded.endInbound()
    }
    expect(cut.error?.cause).toBeInstanceOf(UnexpectedEndError)
    expect(cut.error?.cause).toMatchObject({ received: 2, offset: 1 })
    expect(replaced.inbound).toEqual(['a', '\ufffd'])
  })

  test('of a stream is one string for each datagram, and a bad one is dropped whole', () => {
    const embedded = embed(text({ stream: true }), { datagram: true })
    embedded.writeInbound(...['6161', '', '61ff', '61e2', '62'].map((hex) => Buffer.from(hex, 'hex')))
    expect(embedded.inbound).toEqual(['aa', '', 'b'])
    expect(embedded.events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(2)
  })

  test.each([
    ['utf-8', '\ud800', 'efbfbd'],
    ['utf-16le', 'a\udc00', '6100fdff'],
    ['latin1', 'a€\u{1f600}', '613f3f'],
  ] as const)('does not send in %s what it does not have, or replaces it: %j', (encoding, message, hex) => {
    const [strict, replacing] = [embed(text({ encoding })), embed(text({ encoding, invalid: 'replace' }))]
    for (const embedded of [strict, replacing]) embedded.writeOutbound(message)
    expect(strict.error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(Buffer.from(replacing.readOutbound() ?? []).toString('hex')).toBe(hex)
  })

  test('does not send what is no string', () => {
    const embedded = embed(text())
    embedded.writeOutbound(1 as never)
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test('answers in lines', async () => {
    const embedded = embed(pipeline(lines(), text(), respond((name: string) => `hello ${name}`)))
    embedded.writeInbound(Buffer.from('ada\r\nzoë\n'))
    await embedded.settled()
    expect(Buffer.concat(embedded.outbound).toString()).toBe('hello ada\nhello zoë\n')
  })

  test('takes frames, or with stream=true bytes, on a command line too', () => {
    const registry = new PluginRegistry(plugins)
    const compose = (...pairs: [string, string][]) => () =>
      composePipeline([registry.configure({ name: 'text', pairs }), registry.configure({ name: 'echo', pairs: [] })])
    expect(compose(['stream', 'true'])).not.toThrow()
    expect(compose()).toThrow('"text" takes frame, but the connection gives bytes')
  })

  test.each([{ encoding: 'utf8' }, { invalid: 'discard' }, { stream: 1 }])('refuses %o', (options) => {
    expect(() => text(options as never)).toThrow(InvalidOptionError)
  })
})
