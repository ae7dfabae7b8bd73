import { of } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import { type AsyncStage, inBatches, InvalidOptionError, pipeline } from '../src/index.ts'
import { chunksOf, collect, embed } from '../src/testing/index.ts'
import { echo, encode, inbound, staged, tag, textOf } from './support/plugins.ts'

type Bytes = Uint8Array
const KIB = 1024

/** Notes how long its batches are, and passes them on. */
function noting(spansDatagrams = false): { readonly stage: AsyncStage<Bytes, Bytes>; readonly lengths: number[] } {
  const lengths: number[] = []
  const stage = inBatches<Bytes, Bytes>(
    async function* (batches) {
      for await (const batch of batches) {
        lengths.push(batch.length)
        yield batch
      }
      yield [encode('.')]
    },
    { spansDatagrams },
  )
  return { stage, lengths }
}

const splitting = (size: number): ReturnType<typeof inbound> =>
  inbound('splitting', { push: (chunk, emit) => chunksOf(chunk, size).forEach((piece) => emit(piece)) })

describe('a stage in batches', () => {
  test('takes what one read became as one array, and what it yields goes on item by item', async () => {
    const { stage, lengths } = noting()
    const embedded = embed(pipeline(splitting(1), inbound('batched', stage), tag('a'), echo()))
    embedded.writeInbound(encode('xyz'))
    await embedded.settled()
    embedded.writeInbound(encode('.'))
    embedded.endInbound()
    await embedded.settled()
    expect(lengths).toEqual([3, 1])
    expect(textOf(embedded.outbound)).toBe('xaayaazaa.aa.aaAaA')
  })

  test('takes at most a high-water mark and an item at once, and holds the reading beyond', async () => {
    const lengths: number[] = []
    const waiting: (() => void)[] = []
    const gated = inBatches<Bytes, Bytes>(async function* (batches) {
      for await (const batch of batches) {
        lengths.push(batch.length)
        await new Promise<void>((resolve) => waiting.push(resolve))
        yield batch
      }
    })
    const embedded = embed(inbound('gated', gated), { highWaterMark: 8 * KIB })
    embedded.writeInbound(...Array.from({ length: 40 }, () => new Uint8Array(KIB)))
    await embedded.settled()
    expect(embedded.reading).toBe(false)
    expect(embedded.connection.bytesRead).toBeLessThanOrEqual(18 * KIB)
    while (waiting.length > 0) {
      waiting.shift()?.()
      await embedded.settled()
    }
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(40)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(9)
    expect(Math.max(...lengths)).toBeGreaterThan(1)
    expect(embedded.inbound).toHaveLength(40)
  })

  test('takes no more at once where one read became more than may wait', async () => {
    const { stage, lengths } = noting()
    const embedded = embed(pipeline(splitting(KIB), inbound('batched', stage)), { highWaterMark: 8 * KIB })
    embedded.writeInbound(new Uint8Array(40 * KIB))
    await embedded.settled()
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(40)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(9)
  })

  test('has one batch for each datagram, and what it yields for it is of that datagram', async () => {
    const { stage, lengths } = noting()
    const embedded = embed(pipeline(splitting(1), inbound('batched', stage), echo()), { datagram: true })
    embedded.writeInbound(encode('ab'), encode('c'))
    await embedded.settled()
    expect(lengths).toEqual([2, 1])
    expect(embedded.outbound.map((chunk) => textOf([chunk]))).toEqual(['a', 'b', '.', 'c', '.'])
  })

  test('may span datagrams', async () => {
    const { stage, lengths } = noting(true)
    const embedded = embed(pipeline(inbound('batched', stage), echo()), { datagram: true })
    embedded.writeInbound(encode('a'), encode('b'))
    await embedded.settled()
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(2)
    expect(textOf(embedded.outbound)).toBe('ab')
  })

  test.each<[string, unknown]>([['throws', new RangeError('no')], ['yields what is no iterable', 5]])(
    'that %s ends the connection, with the place',
    async (_, wrong) => {
      const boom = inBatches<Bytes, Bytes>(async function* (batches) {
        for await (const _batch of batches) {
          if (wrong instanceof Error) throw wrong
          yield wrong as never
        }
      })
      const embedded = embed(pipeline(inbound('boom', boom), echo()))
      embedded.writeInbound(encode('x'))
      await embedded.settled()
      const cause = wrong instanceof Error ? wrong : expect.any(TypeError)
      expect(embedded.error).toMatchObject({ plugin: 'boom', phase: 'asyncStage', cause })
    },
  )

  test('is let go when the connection is gone', async () => {
    const last = vi.fn()
    const waiting = inBatches<Bytes, Bytes>(async function* (batches) {
      try {
        for await (const batch of batches) yield batch
      } finally {
        last()
      }
    })
    const embedded = embed(inbound('waiting', waiting))
    embedded.writeInbound(encode('x'))
    await embedded.settled()
    embedded.abort(new RangeError('enough'))
    await embedded.settled()
    expect(last).toHaveBeenCalledOnce()
  })

  test('is a transform, which takes what its source has there', async () => {
    const { stage, lengths } = noting()
    const output = inbound('batched', stage).transform(splitting(1).transform([encode('abc'), encode('d')]))
    expect(textOf(await collect(output))).toBe('abcd.')
    expect(lengths).toEqual([3, 1])
  })

  test('is an operator', async () => {
    const { stage, lengths } = noting()
    const output: Bytes[] = []
    await new Promise<void>((complete) => {
      const source = of(encode('a'), encode('b'), encode('c'))
      source.pipe(inbound('batched', stage).operator).subscribe({ next: (item) => output.push(item), complete })
    })
    expect(textOf(output)).toBe('abc.')
    expect(lengths).toEqual([3])
  })

  test('can be called as any other asynchronous stage, item by item', async () => {
    const { stage, lengths } = noting()
    const source = async function* (): AsyncGenerator<Bytes> {
      yield* [encode('a'), encode('b')]
    }
    expect(textOf(await collect(stage(source())))).toBe('ab.')
    expect(lengths).toEqual([1, 1])
  })

  test('works outbound', async () => {
    const { stage, lengths } = noting()
    const embedded = embed(staged('batched', () => ({ outbound: stage })))
    for (const text of ['a', 'b', 'c']) embedded.writeOutbound(encode(text))
    embedded.endOutbound()
    await embedded.settled()
    expect(lengths).toEqual([3])
    expect(textOf(embedded.outbound)).toBe('abc.')
  })

  test('refuses what is no function', () => {
    expect(() => inBatches(5 as never)).toThrow(InvalidOptionError)
  })
})
