import { setImmediate } from 'node:timers/promises'
import { generate, type Packet, parse, type ParsedPacket } from 'coap-packet'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLOCK, createContainer } from 'millrace'
import { VirtualClock } from '@millrace/core/testing'
import { startCoap } from '../../examples/servers/coap-server.ts'
import type { Running } from '../../examples/servers/shared/running.ts'
import { RawPeer } from '../support/raw-peer.ts'

const path = (...parts: readonly string[]): NonNullable<Packet['options']> =>
  parts.map((part) => ({ name: 'Uri-Path', value: Buffer.from(part) }))
const WHEEL = path('wheel')
const OBSERVE = [{ name: 'Observe', value: Buffer.alloc(0) } as const, ...WHEEL]
const token = Buffer.of(1, 2)

let clock: VirtualClock
let server: Running
let peer: RawPeer
let ids = 0

beforeEach(async () => {
  clock = new VirtualClock()
  const container = createContainer()
  container.register(CLOCK, { useValue: clock })
  server = await startCoap({ container })
  peer = await RawPeer.open()
})
afterEach(async () => {
  await peer[Symbol.asyncDispose]()
  const closing = server.close()
  // What is idle is closed after a quarter of a second, the rest is cut off after 15.
  clock.advance(20_000)
  await closing
})

const send = (packet: Packet): void => peer.send(generate({ confirmable: true, token, messageId: ++ids, ...packet }), server.port)
const settle = (as: Packet, messageId: number): void => peer.send(generate({ code: '0.00', messageId, ...as }), server.port)
const next = async (): Promise<ParsedPacket> => parse((await peer.next()).data)
const ask = (packet: Packet): Promise<ParsedPacket> => {
  send(packet)
  return next()
}
const put = (payload: string): Packet => ({ code: 'PUT', options: WHEEL, payload: Buffer.from(payload) })
const observeOf = ({ options }: ParsedPacket): string | undefined => options.find(({ name }) => name === 'Observe')?.value.toString('hex')

describe('the CoAP server', () => {
  test('answers in the acknowledgement, and what is not confirmable with a message of its own', async () => {
    const acknowledged = await ask({ code: 'GET', options: WHEEL })
    expect(acknowledged).toMatchObject({ ack: true, messageId: ids, code: '2.05', token, payload: Buffer.from('at rest') })
    const plain = await ask({ code: 'GET', options: WHEEL, confirmable: false })
    expect(plain).toMatchObject({ ack: false, confirmable: false, code: '2.05', token })
  })

  test.each([
    ['what is not there', { options: path('nothing') }, '4.04'],
    ['a method that it does not have', { code: 'DELETE' as const }, '4.05'],
    ['writing to what cannot be written', { code: 'PUT' as const, options: path('greeting') }, '4.05'],
    ['more than it takes', { code: 'PUT' as const, payload: Buffer.alloc(257, 1) }, '4.13'],
    ['a form that it does not have', { options: [...WHEEL, { name: 'Accept' as const, value: Buffer.of(50) }] }, '4.06'],
    ['a part of a block-wise request', { options: [...WHEEL, { name: 'Block1' as const, value: Buffer.of(8) }] }, '4.02'],
    ['a critical option that is unknown', { options: [...WHEEL, { name: '65001', value: Buffer.of(8) }] }, '4.02'],
  ])('refuses %s', async (_what, packet, code) => {
    expect(await ask({ code: 'GET', options: WHEEL, ...packet })).toMatchObject({ code, ack: true })
  })

  test('serves a request that comes twice once, and answers it twice', async () => {
    const observed = await ask({ code: 'GET', options: OBSERVE })
    expect(observeOf(observed)).toBe('')
    const again = { ...put('turning'), messageId: 40_000, token: Buffer.of(9) }
    const answers: ParsedPacket[] = []
    const notifications: ParsedPacket[] = []
    for (let i = 0; i < 2; i++) {
      send(again)
      while (answers.length <= i) {
        const packet = await next()
        if (packet.ack) answers.push(packet)
        else notifications.push(packet)
      }
    }
    expect(answers.map(({ code, messageId }) => [code, messageId])).toEqual([['2.04', 40_000], ['2.04', 40_000]])
    expect(notifications.map((packet) => [observeOf(packet), packet.payload.toString()])).toEqual([['01', 'turning']])
    // Long after, the number may stand for another message.
    settle({ ack: true }, notifications[0]?.messageId as number)
    // It has arrived when this is answered.
    await ask({ code: 'GET', options: WHEEL })
    clock.advance(247_000)
    expect(await ask({ ...again, code: 'GET' })).toMatchObject({ code: '2.05', messageId: 40_000 })
  })

  test('sends a notification again until it is acknowledged', async () => {
    await ask({ code: 'GET', options: OBSERVE })
    send({ ...put('turning'), confirmable: false })
    const first = await next()
    expect(first).toMatchObject({ confirmable: true, token, payload: Buffer.from('turning') })
    expect((await next()).code).toBe('2.04')
    clock.advance(3000)
    expect(await next()).toEqual(first)
    clock.advance(6000)
    expect(await next()).toEqual(first)
    settle({ ack: true }, first.messageId)
    await ask({ code: 'GET', options: WHEEL })
    clock.advance(60_000)
    expect((await ask({ code: 'GET', options: path('greeting') })).payload.toString()).toBe('hello')
  })

  test('sends an observer nothing new before it has acknowledged what it was sent, and then the latest', async () => {
    await ask({ code: 'GET', options: OBSERVE })
    await using other = await RawPeer.open()
    const turn = async (how: string, messageId: number): Promise<void> => {
      other.send(generate({ token, confirmable: true, messageId, ...put(how) }), server.port)
      expect(parse((await other.next()).data).code).toBe('2.04')
    }
    await turn('turning', 1)
    const first = await next()
    for (const [i, how] of ['faster', 'slower'].entries()) await turn(how, i + 2)
    clock.advance(3000)
    expect(await next()).toEqual(first)
    settle({ ack: true }, first.messageId)
    const second = await next()
    expect([second.payload.toString(), observeOf(second)]).toEqual(['slower', '03'])
    expect(second.messageId).not.toBe(first.messageId)
    settle({ ack: true }, second.messageId)
    expect((await ask({ code: 'GET', options: path('greeting') })).payload.toString()).toBe('hello')
  })

  test.each(['rejects', 'is silent about'])('forgets an observer who %s a notification', async (what) => {
    await ask({ code: 'GET', options: OBSERVE })
    send({ ...put('turning'), confirmable: false })
    const first = await next()
    expect((await next()).code).toBe('2.04')
    if (what === 'rejects') settle({ reset: true }, first.messageId)
    else for (const wait of [3000, 6000, 12_000, 24_000, 48_000]) clock.advance(wait)
    if (what !== 'rejects') for (let i = 0; i < 4; i++) expect(await next()).toEqual(first)
    expect((await ask(put('faster'))).code).toBe('2.04')
    expect((await ask({ code: 'GET', options: WHEEL })).payload.toString()).toBe('faster')
  })

  test('keeps an observer that is silent, and forgets who observes nothing', async () => {
    await ask({ code: 'GET', options: OBSERVE })
    // Each asks once, from a port of its own; a thousand of one address have room at a time.
    for (let n = 0; n < 1200; n++) {
      await using client = await RawPeer.open()
      client.send(generate({ code: 'GET', confirmable: true, options: path('greeting'), messageId: n }), server.port)
      expect(parse((await client.next()).data).payload.toString()).toBe('hello')
      if (n % 400 > 0) continue
      clock.advance(60_000)
      // Closing takes some turns, and the system may give a port of theirs to the next.
      for (let turns = 0; turns < 20; turns++) await setImmediate()
    }
    await using other = await RawPeer.open()
    other.send(generate({ messageId: 1, token, ...put('turning') }), server.port)
    expect((await next()).payload.toString()).toBe('turning')
  })

  test('stops when an observer says so, and takes no more than sixteen observations', async () => {
    const observing = async (first: number): Promise<boolean> =>
      observeOf(await ask({ code: 'GET', options: OBSERVE, token: Buffer.of(first) })) !== undefined
    for (let i = 0; i < 16; i++) expect(await observing(i)).toBe(true)
    expect(await observing(16)).toBe(false)
    const stop = [{ name: 'Observe', value: Buffer.of(1) } as const, ...WHEEL]
    expect(observeOf(await ask({ code: 'GET', options: stop, token: Buffer.of(3) }))).toBeUndefined()
    expect(await observing(16)).toBe(true)
  })

  test('rejects what is malformed where it is confirmable, an empty message too, and drops the rest', async () => {
    const rejected = async (...bytes: number[]): Promise<void> => {
      peer.send(Buffer.from(bytes), server.port)
      expect(await next()).toMatchObject({ reset: true, code: '0.00', messageId: 7 })
    }
    await rejected(0x40, 0, 0, 7)
    // An option that is cut off, a token that is too long, a payload marker before nothing.
    await rejected(0x40, 1, 0, 7, 0xb5, 1)
    await rejected(0x49, 1, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    await rejected(0x40, 1, 0, 7, 0xff)
    for (const bad of [[], [0x40], [0x50, 1, 0, 7, 0xb5], [0x80, 1, 0, 7], [0x60, 0, 0, 7]]) peer.send(Buffer.from(bad), server.port)
    expect((await ask({ code: 'GET', options: WHEEL })).code).toBe('2.05')
  })

  test('lives on after whatever comes', async () => {
    const samples = fc.sample(fc.uint8Array({ maxLength: 40 }), { seed: 1, numRuns: 300 })
    for (const bytes of samples) peer.send(Buffer.from([0x50, ...bytes]), server.port)
    await using other = await RawPeer.open()
    other.send(generate({ code: 'GET', confirmable: true, options: path('greeting'), messageId: 1 }), server.port)
    expect(parse((await other.next()).data).payload.toString()).toBe('hello')
  })
})
