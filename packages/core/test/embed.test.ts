import { describe, expect, test } from 'vitest'
import { type AsyncStage, CorruptFrameError, definePlugin, pipeline, type PluginContext, respond, type Stages } from '../src/index.ts'
import { chunksOf, embed, everySplit, joined } from '../src/testing/index.ts'
import { decode, encode, inbound, lines, staged, tag, textOf } from './support/plugins.ts'

const upper = definePlugin({
  name: 'upper',
  open: () => ({ inbound: { push: (chunk: Uint8Array, emit) => emit(encode(decode(chunk).toUpperCase())) } }),
})

/** Numbers of strings, and back: no bytes at either end. */
const numbers = definePlugin<string, number, number, string, Record<never, never>, Record<never, never>, 'message'>({
  name: 'numbers',
  accepts: 'message',
  produces: 'message',
  open: () => ({
    inbound: { push: (text, emit) => emit(Number(text)) },
    outbound: { push: (number, emit) => emit(String(number)) },
  }),
})

describe('embed', () => {
  test('gives what a single plugin makes of what comes in, in the same turn, however it is cut', () => {
    for (const chunks of everySplit(encode('abcdef'))) {
      const embedded = embed(upper())
      embedded.writeInbound(...chunks)
      expect(textOf(embedded.inbound)).toBe('ABCDEF')
    }
  })

  test('gives what a plugin makes of what is written, and its last word', () => {
    const embedded = embed(tag('a'))
    expect(embedded.writeOutbound(encode('one'))).toBe(true)
    expect(embedded.readOutbound()).toEqual(encode('onea'))
    expect(embedded.readOutbound()).toBeUndefined()
    embedded.endOutbound()
    expect(textOf(embedded.outbound)).toBe('A')
    expect(embedded.outboundEnded).toBe(true)
    expect(embedded.closed).toBeUndefined()
  })

  test('takes and gives items that are no bytes where the plugin does', () => {
    const embedded = embed(numbers())
    embedded.writeInbound('1', '2')
    embedded.writeOutbound(3)
    expect(embedded.inbound).toEqual([1, 2])
    expect(embedded.readInbound()).toBe(1)
    expect(embedded.outbound).toEqual(['3'])
  })

  test('runs a pipeline with a handler, for whose awaits one waits', async () => {
    const shout = pipeline(lines(), respond<string, string>(async (line) => line.toUpperCase()))
    const embedded = embed(shout)
    embedded.writeInbound(...chunksOf(encode('one\ntwo\n'), 3))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('ONE\nTWO\n')
    embedded.endInbound()
    await embedded.settled()
    expect(embedded.outboundEnded).toBe(true)
    expect(embedded.closed).toEqual({ initiator: 'remote' })
    expect(embedded.events.map(({ type }) => type)).toEqual(['connection-opened', 'connection-closed'])
  })

  test('runs an AsyncStage, which may wait for the virtual clock', async () => {
    const slow = definePlugin({
      name: 'slow',
      open: ({ clock }) => {
        const inbound: AsyncStage<Uint8Array, Uint8Array> = async function* (source) {
          for await (const chunk of source) {
            await new Promise<void>((resolve) => void clock.schedule(resolve, 200))
            yield chunk
          }
        }
        return { inbound }
      },
    })
    const embedded = embed(slow())
    embedded.writeInbound(encode('a'))
    await embedded.settled()
    expect(embedded.inbound).toEqual([])
    embedded.clock.advance(200)
    await embedded.settled()
    expect(textOf(embedded.inbound)).toBe('a')
  })

  test('is a datagram connection where asked: a bad datagram is dropped, the next one goes through', () => {
    const strict = definePlugin({
      name: 'strict',
      open: () => ({
        inbound: {
          push: (datagram: Uint8Array, emit) => {
            if (datagram[0] === 0) throw new CorruptFrameError('begins with 0')
            emit(datagram)
          },
        },
      }),
    })
    const embedded = embed(strict(), { datagram: true })
    embedded.writeInbound(Uint8Array.of(0), Uint8Array.of(), Uint8Array.of(1))
    expect(embedded.inbound).toEqual([Uint8Array.of(), Uint8Array.of(1)])
    expect(embedded.events.map(({ type }) => type)).toEqual(['connection-opened', 'frame-dropped'])
    expect(embedded.error).toBeUndefined()
  })
})

describe('embed with poison', () => {
  /** Gives each chunk when the next one comes. */
  const late = (borrows: boolean): ReturnType<typeof inbound> => {
    let kept: Uint8Array | undefined
    const push = (chunk: Uint8Array, emit: (chunk: Uint8Array) => void): void => {
      if (kept) emit(kept)
      kept = chunk
    }
    return inbound('late', { push, borrows })
  }

  test('overwrites what a stage that promised to keep nothing keeps all the same', () => {
    const embedded = embed(late(true), { poison: true })
    embedded.writeInbound(Uint8Array.of(1, 2), Uint8Array.of(3))
    expect(embedded.inbound).toEqual([Uint8Array.of(0xdb, 0xdb)])
  })

  test('lets a stage emit views of what it was lent', () => {
    const half = inbound('half', { push: (chunk, emit) => emit(chunk.subarray(1)), borrows: true })
    const embedded = embed(half, { poison: true })
    embedded.writeInbound(Uint8Array.of(1, 2))
    expect(embedded.inbound).toEqual([Uint8Array.of(2)])
  })

  test('lets a stage send on views of what it was lent from beside itself, but no longer than push', () => {
    const open = ({ emitOutbound }: PluginContext): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> => {
      let kept: Uint8Array | undefined
      const push = (chunk: Uint8Array): void => {
        if (kept) emitOutbound(kept)
        emitOutbound((kept = chunk.subarray(1)))
      }
      return { inbound: { push, borrows: true } }
    }
    const embedded = embed(staged('answering', open), { poison: true })
    embedded.writeInbound(Uint8Array.of(1, 2), Uint8Array.of(3, 4))
    expect(joined(embedded.outbound)).toEqual(Uint8Array.of(2, 0xdb, 4))
  })

  test('takes the rejection of a push that is asynchronous', async () => {
    const push = (): void => Promise.reject(new RangeError('late')) as never
    const embedded = embed(inbound('late', { push, borrows: true }), { poison: true })
    embedded.writeInbound(Uint8Array.of(1))
    await embedded.settled()
    expect(embedded.error?.cause).toBeInstanceOf(RangeError)
  })

  test('spares what is emitted of a Buffer, and the Buffer itself', () => {
    const given = Buffer.from('ab')
    const embedded = embed(inbound('pass', { push: (chunk, emit) => emit(chunk), borrows: true }), { poison: true })
    embedded.writeInbound(given)
    expect([String(given), ...embedded.inbound]).toEqual(['ab', Uint8Array.from(given)])
  })

  test('leaves alone a stage that promises nothing, and the bytes of whoever wrote them', () => {
    const given = Uint8Array.of(1, 2)
    const honest = embed(late(false), { poison: true })
    const liar = embed(late(true), { poison: true })
    honest.writeInbound(given, given)
    liar.writeInbound(given, given)
    expect(honest.inbound).toEqual([given])
    expect([...given]).toEqual([1, 2])
  })
})
