import { describe, expect, test } from 'vitest'
import { type AsyncStage, CorruptFrameError, inBatches, pipeline } from '../src/index.ts'
import { chunksOf, embed } from '../src/testing/index.ts'
import { encode, inbound, staged, textOf } from './support/plugins.ts'

type Bytes = Uint8Array
const datagram = { datagram: true } as const

/** Gives its items back with a count that begins anew wherever the stage does. */
const counting: AsyncStage<Bytes, Bytes> = async function* (source) {
  let count = 0
  for await (const item of source) {
    await Promise.resolve()
    yield encode(`${++count}:${textOf([item])} `)
  }
  yield encode('. ')
}

const splitting = inbound('splitting', {
  push: (chunk, emit) => {
    for (const piece of chunksOf(chunk, 1)) emit(piece)
  },
})

describe('an AsyncStage on a datagram connection', () => {
  test('is run afresh for each datagram, one after the other, over the items of that datagram', async () => {
    const embedded = embed(pipeline(splitting, inbound('counting', counting)), datagram)
    embedded.writeInbound(encode('ab'), encode('c'), Uint8Array.of())
    await embedded.settled()
    expect(textOf(embedded.inbound)).toBe('1:a 2:b . 1:c . . ')
  })

  test('is run once over all of them where it spans datagrams', async () => {
    const spanning = Object.assign((source: AsyncIterable<Bytes>) => counting(source), { spansDatagrams: true })
    const embedded = embed(pipeline(splitting, inbound('spanning', spanning)), datagram)
    embedded.writeInbound(encode('ab'), encode('c'))
    await embedded.settled()
    expect(textOf(embedded.inbound)).toBe('1:a 2:b 3:c ')
  })

  test('costs a bad datagram its rest when it throws a FrameError, and the next one nothing', async () => {
    const notes: string[] = []
    const strict = inbound('strict', async function* (source) {
      for await (const item of source) {
        if (item[0] === 0) throw new CorruptFrameError('begins with 0')
        yield item
      }
    })
    const after = inbound('after', {
      push: (item, emit) => emit(item),
      endOfDatagram: () => void notes.push('end'),
      reset: () => void notes.push('reset'),
    })
    const embedded = embed(pipeline(splitting, strict, after), datagram)
    embedded.writeInbound(Uint8Array.of(1, 0, 2), Uint8Array.of(3))
    await embedded.settled()
    expect(embedded.inbound).toEqual([Uint8Array.of(1), Uint8Array.of(3)])
    expect(notes).toEqual(['reset', 'end'])
    expect(embedded.events.map(({ type }) => type)).toEqual(['connection-opened', 'frame-dropped'])
  })

  test.each(['by itself', 'in batches'])('%s, is given what came before a bad frame of its datagram', async (how) => {
    const framer = inbound('framer', {
      push: (chunk, emit) => {
        for (const byte of chunk) {
          if (byte === 0) throw new CorruptFrameError('a 0')
          emit(Uint8Array.of(byte))
        }
      },
    })
    const notes: string[] = []
    const after = inbound('after', {
      push: (item, emit) => emit(item),
      endOfDatagram: () => void notes.push('end'),
      reset: () => void notes.push('reset'),
    })
    const passing: AsyncStage<Bytes, Bytes> = async function* (source) {
      for await (const item of source) yield item
    }
    const stage = how === 'by itself' ? passing : inBatches<Bytes, Bytes>((batches) => batches)
    const embedded = embed(pipeline(framer, inbound('passing', stage), after), datagram)
    embedded.writeInbound(Uint8Array.of(1, 2, 0, 3), Uint8Array.of(0, 4), Uint8Array.of(5))
    await embedded.settled()
    expect(embedded.inbound).toEqual([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(5)])
    expect(notes).toEqual(['reset', 'end'])
    expect(embedded.events.map(({ type }) => type)).toEqual(['connection-opened', 'frame-dropped', 'frame-dropped'])
    expect(embedded.error).toBeUndefined()
  })

  test('does not end what it made of a datagram whose rest was refused as if that were whole', async () => {
    const picky = inbound('picky', {
      push: (chunk, emit) => {
        emit(chunk.subarray(0, 1))
        throw new CorruptFrameError('more than one byte')
      },
    })
    const embedded = embed(pipeline(picky, inbound('counting', counting)), datagram)
    embedded.writeInbound(encode('ab'))
    await embedded.settled()
    expect(textOf(embedded.inbound)).toBe('1:a ')
  })

  test('has what stages after it emit from beside themselves in the datagram it was made of', async () => {
    const relaying = staged('relaying', ({ emitInbound }) => ({ inbound: { push: (chunk) => emitInbound(chunk) } }))
    const joining = staged('joining', () => {
      let text = ''
      return {
        inbound: {
          push: (chunk) => void (text += textOf([chunk])),
          endOfDatagram: (emit) => {
            emit(encode(`[${text}]`))
            text = ''
          },
        },
      }
    })
    const embedded = embed(pipeline(splitting, inbound('counting', counting), relaying, joining), datagram)
    embedded.writeInbound(encode('ab'), encode('c'))
    await embedded.settled()
    expect(textOf(embedded.inbound)).toBe('[1:a 2:b . ][1:c . ]')
  })

  test('ends the session when it throws anything else', async () => {
    const boom = inbound('boom', async function* (source) {
      for await (const _ of source) throw new RangeError('no')
      yield Uint8Array.of()
    })
    const embedded = embed(boom, datagram)
    embedded.writeInbound(Uint8Array.of(1))
    await embedded.settled()
    expect(embedded.error).toMatchObject({ plugin: 'boom', phase: 'asyncStage' })
  })

  test('finishes what it has before the session ends', async () => {
    const embedded = embed(inbound('counting', counting), datagram)
    embedded.writeInbound(encode('a'), encode('b'))
    embedded.endInbound()
    await embedded.settled()
    expect(textOf(embedded.inbound)).toBe('1:a . 1:b . ')
    expect(embedded.closed?.error).toBeUndefined()
    expect(embedded.closed).toBeDefined()
  })

  test('holds the reading while too much waits before it', async () => {
    let goOn!: () => void
    const waiting = inbound('waiting', async function* (source) {
      for await (const item of source) {
        await new Promise<void>((resolve) => (goOn = resolve))
        yield item
      }
    })
    const embedded = embed(waiting, { ...datagram, highWaterMark: 4096 })
    embedded.writeInbound(...Array.from({ length: 10 }, () => new Uint8Array(1024)))
    await embedded.settled()
    expect(embedded.reading).toBe(false)
    expect(embedded.connection.bytesRead).toBeLessThanOrEqual(5 * 1024)
    for (let i = 0; i < 10; i++) {
      goOn()
      await embedded.settled()
    }
    expect(embedded.inbound).toHaveLength(10)
  })

  test('holds the reading while too many datagrams wait before it, though nothing is in them', async () => {
    const seen = { datagrams: 0 }
    const dropping = inbound('dropping', {
      push: (chunk, emit) => {
        seen.datagrams++
        if (chunk.length > 0) emit(chunk)
      },
    })
    const stuck = inbound('stuck', async function* (source) {
      for await (const item of source) {
        await new Promise(() => {})
        yield item
      }
    })
    const embedded = embed(pipeline(dropping, stuck), { ...datagram, highWaterMark: 4096 })
    embedded.writeInbound(encode('a'), ...Array.from({ length: 100 }, () => new Uint8Array(0)))
    await embedded.settled()
    expect(embedded.reading).toBe(false)
    expect(seen.datagrams).toBeLessThanOrEqual(4096 / 128)
    embedded.connection.abort()
  })
})
