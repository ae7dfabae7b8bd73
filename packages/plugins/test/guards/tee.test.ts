import { Buffer } from 'node:buffer'
import { type ConnectionInfo, InvalidOptionError, pipeline, type PluginContext, definePlugin } from '@millrace/core'
import { embed, type Embedded } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { echo, tee, type TeeCopy, type TeeOptions, uppercaser } from '../../src/index.ts'
import { textOf } from '../drive.ts'

const payloads = (embedded: Embedded<never, never>): unknown[] => {
  embedded.abort()
  return embedded.events.flatMap((event) => (event.type === 'plugin-event' ? [event.payload] : []))
}

describe('tee', () => {
  test('gives copies of both directions, and passes on what went by', () => {
    const copies: TeeCopy[] = []
    const embedded = embed(pipeline(tee({ to: (copy) => copies.push(copy) }), uppercaser(), echo()))
    embedded.writeInbound(Buffer.from('a'))
    embedded.clock.advance(5)
    embedded.writeInbound(Buffer.from('b'))
    const facts = copies.map(({ direction, item, bytes, time }) => [direction, textOf([item as Uint8Array]), bytes, time])
    expect(facts).toEqual([['inbound', 'a', 1, 0], ['outbound', 'A', 1, 0], ['inbound', 'b', 1, 5], ['outbound', 'B', 1, 5]])
    expect(new Set(copies.map(({ connection }: { connection: ConnectionInfo }) => connection.id)).size).toBe(1)
    expect(payloads(embedded as never)).toEqual([])
  })

  test('gives copies that may be changed and kept', () => {
    const copies: TeeCopy[] = []
    const scribble = (copy: TeeCopy): void => {
      copies.push(copy);
      (copy.item as Uint8Array)[0] = 0x21
    }
    const embedded = embed(tee({ to: scribble }), { poison: true })
    const given = Buffer.from('ab')
    embedded.writeInbound(given, Buffer.alloc(0))
    expect([String(given), textOf(embedded.inbound), textOf(copies.map(({ item }) => item as Uint8Array))]).toEqual(['ab', 'ab', '!b'])
  })

  test('copies no more than maxBytes of each', () => {
    const copies: TeeCopy[] = []
    const embedded = embed(tee({ to: (copy) => copies.push(copy), maxBytes: 2, direction: 'outbound' }))
    embedded.writeInbound(Buffer.from('abc'))
    embedded.writeOutbound(Buffer.from('defg'))
    expect(copies.map(({ item, bytes }) => [textOf([item as Uint8Array]), bytes])).toEqual([['de', 4]])
  })

  test('takes an observer', () => {
    const seen: string[] = []
    const subject = { of: seen, next(copy: TeeCopy) { this.of.push(copy.direction) } }
    const embedded = embed(pipeline(tee({ to: subject }), echo()))
    embedded.writeInbound(Buffer.from('a'))
    expect(seen).toEqual(['inbound', 'outbound'])
  })

  test('goes on whatever the target throws or rejects with, and reports the first of it once', async () => {
    const first = new RangeError('disk full')
    let calls = 0
    const to = (): Promise<void> | undefined => {
      if (++calls === 1) throw first
      return Promise.reject(new Error('later'))
    }
    const embedded = embed(pipeline(tee({ to }), echo()))
    embedded.writeInbound(Buffer.from('a'), Buffer.from('b'))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('ab')
    expect(calls).toBe(4)
    expect(payloads(embedded as never)).toEqual([{ type: 'tee-incomplete', dropped: 0, error: first }])
  })

  test('leaves copies out while too much is in hand, and holds nobody back', async () => {
    const settle: (() => void)[] = []
    const taken: number[] = []
    const to = ({ bytes }: TeeCopy): Promise<void> => {
      taken.push(bytes)
      return new Promise((resolve) => settle.push(resolve))
    }
    const embedded = embed(tee({ to, maxPending: 3 * 228 }))
    for (let i = 0; i < 5; i++) embedded.writeInbound(Buffer.alloc(100))
    expect([taken.length, embedded.inbound.length, embedded.reading]).toEqual([3, 5, true])
    settle.splice(0).forEach((resolve) => resolve())
    await embedded.settled()
    embedded.writeInbound(Buffer.alloc(100))
    expect(taken).toHaveLength(4)
    expect(payloads(embedded as never)).toEqual([{ type: 'tee-incomplete', dropped: 2 }])
  })

  test('has room again when a copy was refused', async () => {
    let calls = 0
    const embedded = embed(tee({ to: () => (calls++, Promise.reject(new Error('no'))), maxPending: 228 }))
    for (let i = 0; i < 3; i++) {
      embedded.writeInbound(Buffer.alloc(100))
      await embedded.settled()
    }
    expect(calls).toBe(3)
  })

  test('gives messages as they are', () => {
    const message = { text: 'a' }
    const copies: TeeCopy[] = []
    const source = definePlugin<Uint8Array, object, object, Uint8Array, Record<never, never>, Record<never, never>, 'message'>({
      name: 'source',
      produces: 'message',
      open: (_context: PluginContext) => ({ inbound: { push: (_chunk, emit) => emit(message) }, outbound: { push: () => {} } }),
    })
    const embedded = embed(pipeline(source(), tee({ to: (copy) => copies.push(copy) })))
    embedded.writeInbound(Buffer.from('x'))
    expect(copies[0]?.item).toBe(message)
  })

  test.each([[undefined], [{}], [{ to: 1 }], [{ to: {} }], [{ to: () => {}, maxBytes: 0 }], [{ to: () => {}, way: 'up' }]])('refuses %j', (options) => {
    expect(() => tee(options as TeeOptions)).toThrow(InvalidOptionError)
  })
})
