import { Buffer } from 'node:buffer'
import { InvalidOptionError, pipeline } from '@millrace/core'
import { embed, type Embedded, joined } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { echo, faults, type FaultsOptions } from '../../src/index.ts'
import { textOf } from '../drive.ts'

type Passing = Embedded<Uint8Array, Uint8Array, unknown, unknown>

/** What comes in through the faults, a letter for each item. */
function inbound(options: FaultsOptions, datagram = true): Passing {
  return embed(faults({ direction: 'inbound', ...options }), { datagram })
}

const letters = 'abcdefghijklmnopqrstuvwxyz'.repeat(20)
const send = (embedded: Passing, text = letters): string[] => {
  embedded.writeInbound(...text.split('').map((letter) => Buffer.from(letter)))
  embedded.clock.advance(1_000)
  return embedded.inbound.map((item) => textOf([item]))
}
const made = (embedded: Passing): unknown => {
  embedded.close()
  return embedded.events.flatMap((event) => (event.type === 'plugin-event' ? [event.payload] : []))[0]
}

describe('faults', () => {
  test('make none unless told to', () => {
    const embedded = inbound({})
    expect(send(embedded).join('')).toBe(letters)
    expect(made(embedded)).toBeUndefined()
  })

  test.each<FaultsOptions>([{ loss: 0.3 }, { duplicate: 0.3 }, { reorder: 0.3 }, { corrupt: 0.3 }, { jitter: 50 }])(
    '%j are the same for the same seed, and others for another',
    (options) => {
      const [one, same, other] = [7, 7, 8].map((seed) => send(inbound({ seed, ...options })).join(''))
      expect(same).toBe(one)
      expect(other).not.toBe(one)
      expect(one).not.toBe(letters)
    },
  )

  test('lose the share that was asked for, and count it', () => {
    const embedded = inbound({ loss: 0.25 })
    const { length } = send(embedded)
    expect(length / letters.length).toBeCloseTo(0.75, 1)
    expect(made(embedded)).toEqual({ type: 'faults-made', lost: letters.length - length, duplicated: 0, reordered: 0, corrupted: 0, split: 0 })
  })

  test('double', () => {
    expect(send(inbound({ duplicate: 1 }), 'abc').join('')).toBe('abcabc')
    expect(send(inbound({ duplicate: 1 }, false), 'abc').join('')).toBe('aabbcc')
  })

  test('let the next item overtake, and wait for it no longer than 100 ms', () => {
    const embedded = inbound({ reorder: 1 })
    embedded.writeInbound(...'abc'.split('').map((letter) => Buffer.from(letter)))
    expect(textOf(embedded.inbound)).toBe('b')
    embedded.clock.advance(0)
    expect(textOf(embedded.inbound)).toBe('ba')
    embedded.clock.advance(99)
    expect(textOf(embedded.inbound)).toBe('ba')
    embedded.clock.advance(1)
    expect(textOf(embedded.inbound)).toBe('bac')
  })

  test('turn one bit over, in a copy', () => {
    const given = Buffer.alloc(16)
    const embedded = inbound({ corrupt: 1 })
    embedded.writeInbound(given, Buffer.alloc(0))
    const bits = [...joined(embedded.inbound)].map((byte) => byte.toString(2).replaceAll('0', '').length)
    expect(bits.reduce((a, b) => a + b)).toBe(1)
    expect(given.every((byte) => byte === 0)).toBe(true)
  })

  test('cut a stream without losing a byte, and a datagram into two datagrams', () => {
    const stream = inbound({ split: 1 }, false)
    stream.writeInbound(Buffer.from(letters))
    expect([stream.inbound.length, textOf(stream.inbound)]).toEqual([2, letters])
    const answered = embed(pipeline(faults({ split: 1, direction: 'inbound' }), echo()), { datagram: true })
    answered.writeInbound(Buffer.from('abcd'))
    answered.clock.advance(0)
    expect([answered.outbound.length, textOf(answered.outbound)]).toEqual([2, 'abcd'])
  })

  test('delay, in order on a stream', () => {
    const embedded = inbound({ latency: 100, jitter: 50 }, false)
    embedded.writeInbound(...letters.split('').map((letter) => Buffer.from(letter)))
    embedded.clock.advance(99)
    expect(embedded.inbound).toEqual([])
    embedded.clock.advance(51)
    expect(textOf(embedded.inbound)).toBe(letters)
  })

  test('let what is under way arrive before the end', () => {
    const embedded = embed(pipeline(faults({ latency: 1_000, reorder: 0.5 }), echo()))
    embedded.writeInbound(Buffer.from('a'), Buffer.from('b'), Buffer.from('c'))
    embedded.endInbound()
    expect(textOf(embedded.outbound).split('').toSorted().join('')).toBe('abc')
    expect([embedded.outboundEnded, embedded.error]).toEqual([true, undefined])
    expect(embedded.clock.pending).toBe(0)
  })

  test('delay no more than 4 MiB: the oldest goes before its time', () => {
    const embedded = inbound({ latency: 1_000 }, false)
    for (let i = 0; i < 70; i++) embedded.writeInbound(Buffer.alloc(65_536, i))
    expect(embedded.inbound.map((item) => item[0])).toEqual([0, 1, 2, 3, 4, 5, 6])
    embedded.clock.advance(1_000)
    expect(embedded.inbound.map((item) => item[0])).toEqual(Array.from({ length: 70 }, (_, i) => i))
  })

  test('work the other way alone too, and on what is no bytes', () => {
    const embedded = embed(faults({ loss: 1, direction: 'outbound' }))
    embedded.writeInbound(Buffer.from('a'))
    embedded.writeOutbound(Buffer.from('b'))
    expect([textOf(embedded.inbound), embedded.outbound]).toEqual(['a', []])
  })

  test.each([[{ loss: 1.1 }], [{ latency: -1 }], [{ latency: 0.5 }], [{ direction: 'up' }], [{ los: 1 }]])('refuses %j', (options) => {
    expect(() => faults(options as FaultsOptions)).toThrow(InvalidOptionError)
  })
})
