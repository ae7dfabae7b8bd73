import { describe, expect, test } from 'vitest'
import { pipeline, PluginError } from '../src/index.ts'
import { embed } from '../src/testing/index.ts'
import { decode, echo, encode, inbound, staged, tag, textOf } from './support/plugins.ts'

describe('the order of plugins', () => {
  test('is down the list inbound and back up it outbound', () => {
    const embedded = embed(pipeline(tag('a'), tag('b'), tag('c')))
    embedded.writeInbound(encode('in:'))
    embedded.writeOutbound(encode('out:'))
    expect(textOf(embedded.inbound)).toBe('in:abc')
    expect(textOf(embedded.outbound)).toBe('out:cba')
  })

  test('passes by a plugin without stages, or with one of the two', () => {
    const none = staged('none', () => ({}))
    const upper = inbound('upper', { push: (chunk, emit) => emit(encode(decode(chunk).toUpperCase())) })
    const embedded = embed(pipeline(none, upper, none))
    embedded.writeInbound(encode('in'))
    embedded.writeOutbound(encode('out'))
    expect(textOf(embedded.inbound)).toBe('IN')
    expect(textOf(embedded.outbound)).toBe('out')
  })

  test('takes what is emitted beside a plugin on from there, not through the plugin itself', () => {
    const beside = staged('beside', ({ emitInbound, emitOutbound }) => ({
      inbound: {
        push: () => {
          emitInbound(encode('down:'))
          emitOutbound(encode('up:'))
        },
      },
      outbound: { push: () => expect.unreachable() },
    }))
    const embedded = embed(pipeline(tag('a'), beside, tag('b')))
    embedded.writeInbound(encode('x'))
    expect(textOf(embedded.inbound)).toBe('down:b')
    expect(textOf(embedded.outbound)).toBe('up:a')
  })
})

describe('the end of a direction', () => {
  test('goes down the list: each stage has its last word, which passes the stages after it', () => {
    const embedded = embed(pipeline(tag('a'), tag('b')))
    embedded.endInbound()
    expect(embedded.inbound.map((chunk) => decode(chunk))).toEqual(['Ab', 'B'])
    expect(embedded.closed).toBeUndefined()
    expect(embedded.connection.status).toBe('half-closed-remote')
  })

  test('goes up the list for the output, then the peer sees the end', () => {
    const embedded = embed(pipeline(tag('a'), tag('b')))
    embedded.endOutbound()
    expect(textOf(embedded.outbound)).toBe('BaA')
    expect(embedded.outboundEnded).toBe(true)
    expect(embedded.writeOutbound(encode('late'))).toBe(false)
  })

  test('of the input is the end of the output behind a plugin that answers by itself', () => {
    const embedded = embed(pipeline(tag('a'), echo()))
    embedded.writeInbound(encode('x'))
    embedded.endInbound()
    expect(textOf(embedded.outbound)).toBe('xaaAaA')
    expect(embedded.closed).toEqual({ initiator: 'remote' })
  })

  test('is not told to the stages when the connection is aborted', () => {
    const embedded = embed(pipeline(tag('a'), echo()))
    embedded.abort()
    expect(embedded.outbound).toEqual([])
    expect(embedded.outboundEnded).toBe(false)
  })
})

describe('emitOutbound while the output ends', () => {
  const relaying = staged('relaying', ({ emitOutbound }) => ({ outbound: { push: (chunk) => emitOutbound(chunk) } }))

  test.each([false, true])('sends what other last words set off, of a datagram connection: %s', (datagram) => {
    const embedded = embed(pipeline(relaying, tag('b'), echo()), { datagram })
    embedded.writeInbound(encode('1'))
    embedded.endInbound()
    expect(textOf(embedded.outbound)).toBe('1bbBbB')
  })

  test.each([false, true])('sends what an asynchronous stage had in hand, of a datagram connection: %s', async (datagram) => {
    const late = staged('late', () => ({
      outbound: async function* (source) {
        for await (const chunk of source) {
          await Promise.resolve()
          yield chunk
        }
      },
    }))
    const embedded = embed(pipeline(relaying, late, echo()), { datagram })
    embedded.writeInbound(encode('1'), encode('2'))
    embedded.endInbound()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('12')
  })

  test('sends nothing on to stages that have had their last word', async () => {
    const seen: string[] = []
    const noting = staged('noting', () => ({
      outbound: { push: (chunk) => void seen.push(textOf([chunk])), end: () => void seen.push('end') },
    }))
    const late = staged('late', () => ({
      outbound: async function* (source) {
        yield* source
        await Promise.resolve()
      },
    }))
    const beside = staged('beside', ({ emitOutbound }) => ({
      outbound: { push: emitOutbound, end: () => queueMicrotask(() => emitOutbound(encode('late'))) },
    }))
    const embedded = embed(pipeline(late, noting, beside, echo()))
    embedded.writeInbound(encode('1'))
    embedded.endInbound()
    await embedded.settled()
    expect(seen).toEqual(['1', 'end'])
  })
})

describe('close of the stages', () => {
  const noting = (name: string, notes: unknown[]): ReturnType<typeof staged> =>
    staged(name, () => ({ close: (info) => void notes.push([name, info.error]) }))

  test('is called once, in reverse order, whatever ended the connection', () => {
    const reason = new RangeError('enough')
    const notes: unknown[] = []
    const embedded = embed(pipeline(noting('a', notes), noting('b', notes)))
    embedded.abort(reason)
    embedded.abort(new TypeError('again'))
    expect(notes).toEqual([['b', reason], ['a', reason]])
  })

  test('that throws is the error of a connection that had none, and the others are closed all the same', () => {
    const notes: unknown[] = []
    const boom = staged('boom', () => ({
      close: () => {
        throw new RangeError('boom')
      },
    }))
    const embedded = embed(pipeline(noting('a', notes), boom, noting('b', notes)))
    embedded.close()
    expect(notes.map((note) => (note as unknown[])[0])).toEqual(['b', 'a'])
    expect(embedded.error).toBeInstanceOf(PluginError)
    expect(embedded.error).toMatchObject({ plugin: 'boom', phase: 'close' })
    expect(embedded.events.filter((event) => 'error' in event)).toHaveLength(1)
  })
})

describe('open', () => {
  test('that throws ends the connection; what was opened is closed and what comes after is not opened', () => {
    const notes: string[] = []
    const before = staged('before', () => ({ close: () => void notes.push('before closed') }))
    const boom = staged('boom', () => {
      throw new RangeError('boom')
    })
    const after = staged('after', () => expect.unreachable())
    const embedded = embed(pipeline(before, boom, after))
    expect(embedded.error).toMatchObject({
      code: 'MILLRACE_ERR_PLUGIN_FAILED', plugin: 'boom', phase: 'open', offset: 0,
    })
    expect(notes).toEqual(['before closed'])
  })

  test('that gives no stages at all is a failure that names the plugin', () => {
    const embedded = embed(staged('nothing', () => undefined as never))
    expect(embedded.error).toMatchObject({ plugin: 'nothing', phase: 'open' })
  })

  test('gives fresh stages to each connection', () => {
    const counter = pipeline(
      staged('counter', () => {
        let count = 0
        return { inbound: { push: (_, emit) => emit(Uint8Array.of(++count)) } }
      }),
    )
    for (const embedded of [embed(counter), embed(counter)]) {
      embedded.writeInbound(encode('x'), encode('y'))
      expect(embedded.inbound).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    }
  })
})
