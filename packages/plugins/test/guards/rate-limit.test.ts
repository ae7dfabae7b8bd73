import { Buffer } from 'node:buffer'
import {
  type ConfiguredPlugin,
  definePlugin,
  FrameRefusedError,
  InvalidOptionError,
  pipeline,
} from '@millrace/core'
import { embed, type Embedded, joined, VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { echo, rateLimit, type RateLimitOptions } from '../../src/index.ts'
import { textOf } from '../drive.ts'
import { shared } from './shared.ts'

/** Each byte is a message. */
const letters = definePlugin({
  name: 'letters',
  produces: 'message',
  open: () => ({
    inbound: {
      push: (chunk: Uint8Array, emit: (letter: string) => void) => Buffer.from(chunk).toString().split('').forEach(emit),
    },
    outbound: { push: (letter: string, emit: (chunk: Uint8Array) => void) => emit(Buffer.from(letter)) },
  }),
}) as unknown as () => ConfiguredPlugin<Uint8Array, string, string, Uint8Array, 'message'>

const limitedTo = (options: RateLimitOptions): Embedded<unknown, unknown> =>
  embed(pipeline(rateLimit(options), echo())) as unknown as Embedded<unknown, unknown>
/** Lets time pass in small steps, between which the pipeline reads. */
function pass(embedded: Embedded<unknown, unknown>, ms: number): void {
  for (let step = 0; step < ms; step += 10) {
    embedded.clock.advance(10)
    void embedded.reading
  }
}
const sent = ({ outbound }: Embedded<never, never> | Embedded<unknown, unknown>): number =>
  joined(outbound as Uint8Array[]).length

describe('rateLimit on a stream', () => {
  test('reads on only when the rate allows more, and loses nothing', () => {
    const embedded = limitedTo({ bytes: 100 })
    for (let i = 0; i < 10; i++) embedded.writeInbound(Buffer.alloc(50))
    // A burst of 100, and one chunk that has made no debt yet.
    expect([sent(embedded), embedded.reading]).toEqual([100, false])
    embedded.clock.advance(10)
    expect(sent(embedded)).toBe(150)
    embedded.clock.advance(500)
    expect(sent(embedded)).toBe(200)
    pass(embedded, 10_000)
    expect([sent(embedded), embedded.reading]).toEqual([500, true])
  })

  test('holds the average over a long time', () => {
    const embedded = limitedTo({ bytes: 1_000, burst: 50 })
    for (let i = 0; i < 1_000; i++) embedded.writeInbound(Buffer.alloc(97))
    pass(embedded, 20_000)
    expect(sent(embedded)).toBeGreaterThan(19_500)
    expect(sent(embedded)).toBeLessThanOrEqual(20_000 + 50 + 97)
  })

  test('lets a chunk over the whole burst pass and waits for what it was too long', () => {
    const embedded = limitedTo({ bytes: 10 })
    embedded.writeInbound(Buffer.alloc(30), Buffer.alloc(1))
    expect(sent(embedded)).toBe(30)
    embedded.clock.advance(2_000)
    expect(sent(embedded)).toBe(30)
    embedded.clock.advance(100)
    expect(sent(embedded)).toBe(31)
  })

  test('lets messages of one chunk through one by one', () => {
    const embedded = embed(pipeline(letters(), rateLimit({ messages: 2 }), echo()))
    embedded.writeInbound(Buffer.from('abcdefg'))
    const texts = [0, 500, 500, 1_000].map((ms) => {
      embedded.clock.advance(ms)
      return textOf(embedded.outbound)
    })
    expect(texts).toEqual(['ab', 'abc', 'abcd', 'abcdef'])
    expect(embedded.reading).toBe(false)
    embedded.clock.advance(1_000)
    expect([textOf(embedded.outbound), embedded.reading]).toEqual(['abcdefg', true])
  })

  test('gives what waits before the end of the input', () => {
    const embedded = embed(pipeline(letters(), rateLimit({ messages: 1, burst: 60_000 }), echo()))
    embedded.writeInbound(Buffer.from('abc'))
    embedded.endInbound()
    embedded.clock.runAll()
    expect([textOf(embedded.outbound), embedded.outboundEnded]).toEqual(['abc', true])
    const slow = embed(pipeline(letters(), rateLimit({ messages: 1 }), echo()))
    slow.writeInbound(Buffer.from('abc'))
    slow.endInbound()
    expect(textOf(slow.outbound)).toBe('a')
    slow.clock.runAll()
    expect([textOf(slow.outbound), slow.outboundEnded]).toEqual(['abc', true])
  })

  test('lets everything through when the server drains', () => {
    const embedded = embed(pipeline(letters(), rateLimit({ messages: 1 }), echo()))
    embedded.writeInbound(Buffer.from('abc'))
    embedded.beginDraining()
    expect([textOf(embedded.outbound), embedded.reading]).toEqual(['abc', true])
    embedded.writeInbound(Buffer.from('def'))
    expect(textOf(embedded.outbound)).toBe('abcdef')
  })

  test('leaves no timer behind', () => {
    const embedded = limitedTo({ bytes: 1 })
    embedded.writeInbound(Buffer.alloc(9))
    expect(embedded.clock.pending).toBe(1)
    embedded.abort()
    expect(embedded.clock.pending).toBe(0)
  })

  test('may be one rate for all connections', () => {
    const clock = new VirtualClock()
    const limit = shared(rateLimit({ bytes: 100, shared: true }), clock)
    const [one, other] = [1, 2].map(() => embed(pipeline(limit, echo()), { clock }))
    one?.writeInbound(Buffer.alloc(150))
    other?.writeInbound(Buffer.alloc(50))
    expect([one?.outbound.length, one?.reading]).toEqual([1, false])
    // It had been read before anyone knew.
    expect([other?.outbound.length, other?.reading]).toEqual([0, false])
    clock.advance(600)
    expect(joined(other?.outbound ?? []).length).toBe(50)
  })

  test('is each connection\'s own otherwise', () => {
    const clock = new VirtualClock()
    const limit = shared(rateLimit({ bytes: 100 }), clock)
    const embedded = [1, 2].map(() => embed(pipeline(limit, echo()), { clock }))
    for (const one of embedded) one.writeInbound(Buffer.alloc(100))
    expect(embedded.map((one) => one.outbound.length)).toEqual([1, 1])
  })
})

describe('rateLimit on datagrams', () => {
  test('drops and counts what is over the rate, and holds nothing', () => {
    const embedded = embed(pipeline(rateLimit({ messages: 2 }), echo()), { datagram: true })
    embedded.writeInbound(...'abcd'.split('').map((text) => Buffer.from(text)))
    expect([textOf(embedded.outbound), embedded.reading]).toEqual(['ab', true])
    embedded.clock.advance(500)
    embedded.writeInbound(Buffer.from('e'), Buffer.from('f'))
    expect(textOf(embedded.outbound)).toBe('abe')
    const dropped = embedded.events.flatMap((event) => (event.type === 'frame-dropped' ? [event] : []))
    expect(dropped).toHaveLength(3)
    expect(dropped[0]).toMatchObject({ plugin: 'rate-limit', error: expect.any(FrameRefusedError) as unknown })
    expect(embedded.closed).toBeUndefined()
  })

  test('counts bytes of datagrams, and what was dropped for nothing', () => {
    const embedded = embed(pipeline(rateLimit({ bytes: 10 }), echo()), { datagram: true })
    embedded.writeInbound(Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(2), Buffer.alloc(0))
    expect(embedded.outbound.map(({ length }) => length)).toEqual([8, 2, 0])
  })
})

test.each([[{}], [{ bytes: 0 }], [{ messages: 0.5 }], [{ bytes: 1, burst: 49 }], [{ bytes: 1, share: true }], [null]])(
  'refuses %j',
  (options) => {
    expect(() => rateLimit(options as RateLimitOptions)).toThrow(InvalidOptionError)
  },
)
