import { Buffer } from 'node:buffer'
import { definePlugin, handle, InvalidOptionError, pipeline, type PluginContext } from '@millrace/core'
import { embed, type Embedded } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { echo, IDLE, idle, type IdleEvent, type IdleOptions } from '../../src/index.ts'
import { textOf } from '../drive.ts'

interface Watched {
  readonly embedded: Embedded<Uint8Array, Uint8Array>
  readonly heard: IdleEvent[]
  readonly context: PluginContext
}

function watched(options: IdleOptions): Watched {
  const heard: IdleEvent[] = []
  let context!: PluginContext
  const listener = definePlugin({
    name: 'listener',
    open: (given) => {
      context = given
      given.attributes.get(IDLE)?.listen((event) => void heard.push(event))
      return {}
    },
  })
  return { embedded: embed(pipeline(idle(options), listener())), heard, context }
}

const reported = ({ embedded }: Watched): unknown[] =>
  embedded.events.flatMap((event) => (event.type === 'plugin-event' ? [event.payload] : []))

describe('idle', () => {
  test('tells again after each further time of one silence, and the server once', () => {
    const one = watched({ either: 100 })
    one.embedded.clock.advance(99)
    expect(one.heard).toEqual([])
    one.embedded.clock.advance(201)
    const event = (count: number): IdleEvent => ({ type: 'idle', kind: 'either', duration: count * 100, count })
    expect(one.heard).toEqual([event(1), event(2), event(3)])
    expect(reported(one)).toEqual([event(1)])
    one.embedded.writeInbound(Buffer.from('a'))
    one.embedded.clock.advance(100)
    expect(one.heard.at(-1)).toEqual(event(1))
    expect([reported(one).length, one.embedded.closed]).toEqual([2, undefined])
  })

  test('counts each way by itself', () => {
    const { embedded, heard } = watched({ read: 100, write: 150, either: 200 })
    const kinds = (): string[] => heard.splice(0).map(({ kind }) => kind)
    for (let i = 0; i < 4; i++) {
      embedded.clock.advance(50)
      embedded.writeInbound(Buffer.from('a'))
    }
    expect(kinds()).toEqual(['write'])
    for (let i = 0; i < 3; i++) {
      embedded.clock.advance(50)
      embedded.writeOutbound(Buffer.from('a'))
    }
    expect(kinds()).toEqual(['read'])
    embedded.clock.advance(200)
    expect(kinds().toSorted()).toEqual(['either', 'read', 'read', 'write'])
  })

  test('has one timer for each kind, however much goes by, and none when the connection is gone', () => {
    const { embedded } = watched({ read: 100, write: 100, either: 100 })
    for (let i = 0; i < 100; i++) {
      embedded.writeInbound(Buffer.from('a'))
      embedded.clock.advance(7)
      expect(embedded.clock.pending).toBe(3)
    }
    embedded.abort()
    expect(embedded.clock.pending).toBe(0)
  })

  test('does not take it for silence that nobody reads', () => {
    const { embedded, heard, context } = watched({ read: 100, either: 0 })
    const release = context.hold()
    embedded.clock.advance(1_000)
    release()
    embedded.clock.advance(99)
    expect(heard).toEqual([])
    embedded.clock.advance(1)
    expect(heard).toHaveLength(1)
  })

  test('lets a handler ping, which ends the silence', async () => {
    const ping = handle(async (connection) => {
      const stop = connection.attributes.get(IDLE)?.listen(() => connection.write(Buffer.from('ping ')))
      for await (const chunk of connection) connection.write(chunk)
      stop?.()
    })
    const embedded = embed(pipeline(idle({ either: 100 }), ping))
    embedded.clock.advance(250)
    embedded.writeInbound(Buffer.from('pong '))
    await embedded.settled()
    embedded.clock.advance(99)
    expect(textOf(embedded.outbound)).toBe('ping ping pong ')
  })

  test('forgets who has stopped listening, and fails where a listener throws', () => {
    const { embedded, heard, context } = watched({ either: 100 })
    const stop = context.attributes.get(IDLE)?.listen(() => { throw new RangeError('no') })
    stop?.()
    stop?.()
    embedded.clock.advance(100)
    expect([heard.length, embedded.closed]).toEqual([1, undefined])
    context.attributes.get(IDLE)?.listen(() => { throw new RangeError('no') })
    embedded.clock.advance(100)
    expect(embedded.error).toMatchObject({ plugin: 'idle', phase: 'timer', cause: expect.any(RangeError) as unknown })
  })

  test('keeps nothing of what it is lent, and works for datagrams', () => {
    const embedded = embed(idle({ either: 5 }), { poison: true, datagram: true })
    embedded.writeInbound(Buffer.from('a'), Buffer.alloc(0))
    embedded.clock.advance(5)
    expect([embedded.inbound.length, textOf(embedded.inbound), embedded.events.length]).toEqual([2, 'a', 2])
    expect(() => pipeline(idle(), echo())).not.toThrow()
  })

  test.each([[{ either: 0 }], [{ read: -1 }], [{ read: 1.5 }], [{ both: 1 }], [null]])('refuses %j', (options) => {
    expect(() => idle(options as IdleOptions)).toThrow(InvalidOptionError)
  })
})
