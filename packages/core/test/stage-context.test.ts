import { describe, expect, test } from 'vitest'
import { attributeKey, type CloseInfo, handle, pipeline, type PluginContext } from '../src/index.ts'
import { embed, type Embedded } from '../src/testing/index.ts'
import { echo, encode, staged, tag, textOf } from './support/plugins.ts'

type Bytes = Uint8Array

/** A plugin embedded behind another one, and the context that it got. */
function opened(): { readonly embedded: Embedded<Bytes, Bytes>; readonly context: PluginContext } {
  let context!: PluginContext
  const keeping = staged('keeping', (given) => {
    context = given
    return {}
  })
  return { embedded: embed(pipeline(tag('a'), keeping)), context }
}

describe('the context of a plugin', () => {
  test('tells the facts of its connection, the counts live', () => {
    const { embedded, context } = opened()
    const { connection } = context
    embedded.writeInbound(encode('abc'))
    embedded.writeOutbound(encode('de'))
    expect(connection).toMatchObject({ id: embedded.connection.id, transport: 'memory', datagram: false })
    expect(connection.bytesRead).toBe(3)
    expect(connection.bytesWritten).toBe(3)
  })

  test('has functions that work when taken out of it', () => {
    const { embedded, context } = opened()
    const { emitInbound, emitOutbound, event, hold } = context
    emitInbound(encode('down'))
    emitOutbound(encode('up'))
    event({ some: 'thing' })
    hold()
    expect(textOf(embedded.inbound)).toBe('down')
    expect(textOf(embedded.outbound)).toBe('upa')
    expect(embedded.events.at(-1)).toMatchObject({
      type: 'plugin-event', plugin: 'keeping', payload: { some: 'thing' },
    })
    expect(embedded.reading).toBe(false)
  })

  test('shares attributes with the others on that connection alone', () => {
    const USER = attributeKey<string>('user')
    const other = attributeKey<string>('user')
    const setting = staged('setting', ({ attributes }) => {
      attributes.set(USER, 'ada')
      return {}
    })
    const seen: unknown[] = []
    const reading = staged('reading', ({ attributes }) => {
      seen.push(attributes.get(USER), attributes.has(other))
      return {}
    })
    embed(pipeline(setting, reading))
    embed(reading)
    expect(seen).toEqual(['ada', false, undefined, false])
  })

  test('aborts its signal when the connection is gone, and nothing sent after has an effect', () => {
    const { embedded, context } = opened()
    const reason = new RangeError('enough')
    const { signal, emitInbound, emitOutbound, fail, close } = context
    expect(signal.aborted).toBe(false)
    embedded.abort(reason)
    expect(signal.reason).toBe(reason)
    emitInbound(encode('x'))
    emitOutbound(encode('x'))
    fail(new TypeError('late'))
    close()
    expect(embedded.error).toBe(reason)
    expect([embedded.inbound, embedded.outbound]).toEqual([[], []])
  })

  test('fails the connection with what it is given as the cause', () => {
    const { embedded, context } = opened()
    const cause = new RangeError('no')
    context.fail(cause)
    expect(embedded.error).toMatchObject({ plugin: 'keeping', phase: 'fail', cause })
  })

  test('closes the connection once the outbound stages have had their last word', () => {
    const { embedded, context } = opened()
    context.close()
    expect(textOf(embedded.outbound)).toBe('A')
    expect(embedded.closed).toEqual<CloseInfo>({ initiator: 'local' })
  })

  test('tells when the server drains', () => {
    const { embedded, context } = opened()
    embedded.beginDraining()
    expect(context.draining.aborted).toBe(true)
    expect(context.signal.aborted).toBe(false)
  })
})

describe('its clock', () => {
  test('calls back by the clock of the server, and what is emitted then goes out', () => {
    const { embedded, context } = opened()
    const { clock } = context
    clock.schedule(() => context.emitOutbound(encode(`at ${clock.now()} `)), 100)
    embedded.clock.advance(99)
    expect(embedded.outbound).toEqual([])
    embedded.clock.advance(1)
    expect(textOf(embedded.outbound)).toBe('at 100 a')
  })

  test('makes a callback that throws the failure of its plugin alone', () => {
    const { embedded, context } = opened()
    const cause = new RangeError('no')
    context.clock.schedule(() => {
      throw cause
    }, 100)
    embedded.clock.advance(100)
    expect(embedded.error).toMatchObject({ plugin: 'keeping', phase: 'timer', cause })
  })

  test('forgets what was scheduled when the connection is gone, and what was cancelled', () => {
    const { embedded, context } = opened()
    context.clock.schedule(() => expect.unreachable(), 10).cancel()
    context.clock.schedule(() => expect.unreachable(), 100)
    expect(embedded.clock.pending).toBe(1)
    embedded.close()
    expect(embedded.clock.pending).toBe(0)
  })
})

test('an emitOutbound that fails in a stage above names that stage', () => {
  const boom = staged('boom', () => ({
    outbound: {
      push: () => {
        throw new RangeError('no')
      },
    },
  }))
  const embedded = embed(pipeline(boom, echo()))
  embedded.writeInbound(encode('x'))
  expect(embedded.error).toMatchObject({ plugin: 'boom', direction: 'outbound', phase: 'push' })
})

test('a handler sees the attributes that plugins have set', async () => {
  const KEY = attributeKey<number>('key')
  const setting = staged('setting', ({ attributes }) => {
    attributes.set(KEY, 5)
    return {}
  })
  let seen: number | undefined
  const embedded = embed(pipeline(setting, handle(({ attributes }) => void (seen = attributes.get(KEY)))))
  await embedded.settled()
  expect(seen).toBe(5)
})
