import { describe, expect, test } from 'vitest'
import { type AsyncStage, BufferOverflowError, handle, pipeline } from '../src/index.ts'
import { embed } from '../src/testing/index.ts'
import { echo, encode, inbound, staged, tag, textOf } from './support/plugins.ts'

type Bytes = Uint8Array
const KIB = 1024

/** A stage that goes on with an item only when it is let. */
function gated(): { readonly stage: AsyncStage<Bytes, Bytes>; readonly letOne: () => void; readonly pulled: Bytes[] } {
  const pulled: Bytes[] = []
  const waiting: (() => void)[] = []
  const stage: AsyncStage<Bytes, Bytes> = async function* (source) {
    for await (const chunk of source) {
      pulled.push(chunk)
      await new Promise<void>((resolve) => waiting.push(resolve))
      yield chunk
    }
  }
  return { stage, pulled, letOne: () => waiting.shift()?.() }
}

describe('an AsyncStage', () => {
  test('gives its values in order, through the stages after it', async () => {
    const slow = inbound('slow', async function* (source) {
      for await (const chunk of source) {
        await Promise.resolve()
        yield chunk
        yield encode('+')
      }
    })
    const embedded = embed(pipeline(tag('a'), slow, tag('b')))
    embedded.writeInbound(encode('1'), encode('2'))
    await embedded.settled()
    expect(textOf(embedded.inbound)).toBe('1ab+b2ab+b')
  })

  test('sees the end of its source, and its own end is the end of the stages after it', async () => {
    const summing = inbound('summing', async function* (source) {
      let bytes = 0
      for await (const { byteLength } of source) bytes += byteLength
      yield encode(String(bytes))
    })
    const embedded = embed(pipeline(summing, tag('b'), echo()))
    embedded.writeInbound(new Uint8Array(70), new Uint8Array(30))
    embedded.endInbound()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('100bbBbB')
    expect(embedded.closed).toEqual({ initiator: 'remote' })
  })

  test.each(['inbound', 'outbound'] as const)('%s beside a plugin that answers is closed when the connection has ended', async (direction) => {
    const closed: string[] = []
    const passing: AsyncStage<Bytes, Bytes> = async function* (source) {
      yield* source
    }
    const stages = staged('passing', () => ({ [direction]: passing, close: () => void closed.push('passing') }))
    const embedded = embed(pipeline(stages, echo()))
    embedded.writeInbound(encode('1'))
    embedded.endInbound()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('1')
    expect(embedded.closed).toEqual({ initiator: 'remote' })
    expect(closed).toEqual(['passing'])
  })

  test('that ends early ends its direction; what comes after is dropped', async () => {
    const one = inbound('one', async function* (source) {
      for await (const chunk of source) {
        yield chunk
        return
      }
    })
    const embedded = embed(pipeline(one, echo()))
    embedded.writeInbound(encode('1'), encode('2'))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('1')
    expect(embedded.outboundEnded).toBe(true)
  })

  test.each([[new RangeError('no')], [undefined]])('that throws %s ends the connection', async (cause) => {
    const boom = inbound('boom', async function* (source) {
      for await (const chunk of source) {
        if (chunk.byteLength === 1) throw cause
        yield chunk
      }
    })
    const embedded = embed(pipeline(boom, echo()))
    embedded.writeInbound(encode('ok'))
    await embedded.settled()
    embedded.writeInbound(encode('x'))
    await embedded.settled()
    expect(embedded.error).toMatchObject({ code: 'MILLRACE_ERR_PLUGIN_FAILED', plugin: 'boom', phase: 'asyncStage' })
    expect(embedded.error?.cause).toBe(cause)
    expect(textOf(embedded.outbound)).toBe('ok')
  })

  test('that is no async function, and throws when it is called, is a failure like any other', async () => {
    const boom = inbound('boom', () => {
      throw new RangeError('no')
    })
    const embedded = embed(boom)
    await embedded.settled()
    expect(embedded.error).toMatchObject({ plugin: 'boom', phase: 'asyncStage' })
  })

  test('is let go when the connection is gone: its source throws the error, and its finally runs', async () => {
    const reason = new RangeError('enough')
    const notes: unknown[] = []
    const waiting = inbound('waiting', async function* (source) {
      try {
        for await (const chunk of source) yield chunk
      } catch (error) {
        notes.push(error)
        throw error
      } finally {
        notes.push('finally')
      }
    })
    const embedded = embed(waiting)
    embedded.writeInbound(encode('x'))
    await embedded.settled()
    embedded.abort(reason)
    await embedded.settled()
    expect(notes).toEqual([reason, 'finally'])
    expect(embedded.error).toBe(reason)
  })

  test('holds the reading while too much waits before it, and is given no more than it asks for', async () => {
    const { stage, letOne, pulled } = gated()
    const embedded = embed(inbound('gated', stage), { highWaterMark: 8 * KIB })
    embedded.writeInbound(...Array.from({ length: 20 }, () => new Uint8Array(KIB)))
    await embedded.settled()
    expect(embedded.reading).toBe(false)
    expect(embedded.connection.bytesRead).toBeLessThanOrEqual(9 * KIB)
    expect(pulled).toHaveLength(1)
    for (let i = 0; i < 20; i++) {
      letOne()
      await embedded.settled()
    }
    expect(embedded.inbound).toHaveLength(20)
    expect(embedded.reading).toBe(true)
  })

  test('waits for a peer that takes no answers', async () => {
    let given = 0
    const endless = inbound('endless', async function* (source) {
      for await (const chunk of source) {
        for (; given < 1000; given++) yield chunk
      }
    })
    const embedded = embed(pipeline(endless, echo()), { highWaterMark: 8 * KIB })
    embedded.clog()
    embedded.writeInbound(new Uint8Array(KIB))
    await embedded.settled()
    expect(given).toBeLessThanOrEqual(9)
    embedded.unclog()
    await embedded.settled()
    expect(given).toBe(1000)
  })
})

describe('an outbound AsyncStage', () => {
  test('gives what is written in order, and its last word after the last', async () => {
    const slow: AsyncStage<Bytes, Bytes> = async function* (source) {
      for await (const chunk of source) {
        await Promise.resolve()
        yield chunk
      }
      yield encode('.')
    }
    const embedded = embed(pipeline(tag('a'), staged('slow', () => ({ outbound: slow }))))
    embedded.writeOutbound(encode('1'))
    embedded.writeOutbound(encode('2'))
    embedded.endOutbound()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('1a2a.aA')
    expect(embedded.outboundEnded).toBe(true)
  })

  test('tells writers to wait while it is behind', async () => {
    const { stage, letOne } = gated()
    const embedded = embed(staged('gated', () => ({ outbound: stage })), { highWaterMark: 2 * KIB })
    const wrote = Array.from({ length: 4 }, () => embedded.writeOutbound(new Uint8Array(KIB)))
    expect(wrote.at(-1)).toBe(false)
    for (let i = 0; i < 4; i++) {
      await embedded.settled()
      letOne()
    }
    await embedded.settled()
    expect(embedded.outbound).toHaveLength(4)
    expect(embedded.writeOutbound(new Uint8Array(1))).toBe(true)
  })

  test('stops the reading behind a handler that does not mind what write returns, and loses nothing', async () => {
    const { stage, letOne } = gated()
    let read = 0
    const heedless = handle(async (connection) => {
      for await (const chunk of connection) {
        read++
        connection.write(chunk)
      }
    })
    const embedded = embed(pipeline(staged('gated', () => ({ outbound: stage })), heedless), { highWaterMark: 2 * KIB })
    for (let i = 0; i < 100; i++) {
      embedded.writeInbound(Uint8Array.of(i, ...new Uint8Array(KIB)))
      await embedded.settled()
    }
    expect(read).toBeLessThan(20)
    embedded.endInbound()
    for (let i = 0; i < 100; i++) {
      letOne()
      await embedded.settled()
    }
    expect(embedded.outbound.map(([first]) => first)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(embedded.closed).toEqual({ initiator: 'remote' })
  })

  test('that gives much for little gives no more than the peer takes', async () => {
    let given = 0
    const generous: AsyncStage<Uint8Array, Uint8Array> = async function* (source) {
      for await (const _item of source) while (given < 50) yield new Uint8Array(KIB).fill(given++)
    }
    const embedded = embed(staged('generous', () => ({ outbound: generous })), { highWaterMark: 4 * KIB, maxWriteBuffer: 16 * KIB })
    embedded.clog()
    embedded.writeOutbound(new Uint8Array(1))
    await embedded.settled()
    expect(given).toBe(4)
    while (given < 50) {
      const before = given
      embedded.unclog()
      embedded.clog()
      await embedded.settled()
      expect(given).toBe(Math.min(before + 4, 50))
    }
    embedded.unclog()
    expect(embedded.outbound.flatMap((chunk) => [...chunk].filter((_, i) => i % KIB === 0))).toEqual([...Array(50).keys()])
    expect(embedded.error).toBeUndefined()
  })

  test('that waits for the peer ends with its connection', async () => {
    let ended = false
    const endless: AsyncStage<Uint8Array, Uint8Array> = async function* (source) {
      try {
        for await (const _item of source) for (;;) yield new Uint8Array(KIB)
      } finally {
        ended = true
      }
    }
    const embedded = embed(staged('endless', () => ({ outbound: endless })), { highWaterMark: 4 * KIB })
    embedded.clog()
    embedded.writeOutbound(new Uint8Array(1))
    await embedded.settled()
    embedded.abort(new Error('enough'))
    await embedded.settled()
    expect(ended).toBe(true)
    expect(embedded.error?.message).toBe('enough')
  })

  test.each([false, true])('fails where maxWriteBuffer waits before it, of a datagram connection: %s', async (datagram) => {
    const { stage } = gated()
    const limits = { highWaterMark: 2 * KIB, maxWriteBuffer: 8 * KIB, datagram }
    const embedded = embed(staged('gated', () => ({ outbound: stage })), limits)
    await embedded.settled()
    for (let i = 0; i < 6; i++) embedded.writeOutbound(new Uint8Array(KIB))
    expect(embedded.error).toBeUndefined()
    for (let i = 0; i < 4; i++) embedded.writeOutbound(new Uint8Array(KIB))
    expect(embedded.error).toMatchObject({ plugin: 'gated', direction: 'outbound', cause: expect.any(BufferOverflowError) })
  })
})
