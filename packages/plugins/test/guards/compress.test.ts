import { Buffer } from 'node:buffer'
import * as zlib from 'node:zlib'
import { CorruptFrameError, FrameTooLongError, InvalidOptionError, pipeline, UnexpectedEndError } from '@millrace/core'
import { chunksOf, collect, embed, type Embedded, everySplit, joined, seededRandom, splitsOf } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { compress, type CompressionName, type CompressOptions, echo } from '../../src/index.ts'
import { Expansion } from '../../src/guards/expansion.ts'
import { textOf } from '../drive.ts'

/** Node 22 has it, but takes a frame that is cut off for a whole one. */
const hasZstd = Number.parseInt(process.versions.node, 10) >= 24
const ALL: CompressionName[] = ['deflate', 'deflate-raw', 'gzip', 'brotli', ...(hasZstd ? (['zstd'] as const) : [])]
const random = seededRandom(1)
const noise = Uint8Array.from({ length: 200_000 }, () => random() * 256)
const prose = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(20))

/** Everything that the other side reads, or the error it ends in. */
async function inflated(chunks: readonly Uint8Array[], options?: CompressOptions): Promise<Buffer> {
  return Buffer.concat(await collect(compress(options).transform(chunks)))
}
const deflated = async (chunks: readonly Uint8Array[], options?: CompressOptions): Promise<Buffer> =>
  Buffer.concat(await collect(compress(options).outbound.transform(chunks)))
const causeOf = async (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: Error) => error.cause)

/** Lets the thread pool work until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 1_000_000) throw new Error('it never came to hold')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe.each(ALL)('compress with %s on a stream', (format) => {
  test('gives the other side what was written', async () => {
    for (const bytes of [prose, noise]) {
      const packed = await deflated(chunksOf(bytes, 1_000), { format })
      for (const chunks of splitsOf(packed, { count: 3 })) expect(Buffer.compare(await inflated(chunks, { format }), bytes)).toBe(0)
    }
    expect((await deflated([prose], { format })).length).toBeLessThan(prose.length / 4)
  })

  test('wherever the compressed bytes are cut', async () => {
    const packed = await deflated([prose], { format })
    for (const chunks of everySplit(packed)) expect(String(await inflated(chunks, { format }))).toBe(String(prose))
  })

  test('makes of nothing nothing', async () => {
    expect([await deflated([], { format }), await inflated([], { format })]).toEqual([Buffer.alloc(0), Buffer.alloc(0)])
  })

  test('lets each item be read before the next one is written', async () => {
    const [client, server] = [embed(compress({ format })), embed(pipeline(compress({ format }), echo()))]
    for (const text of ['a', 'bc', 'd'.repeat(1_000)]) {
      client.writeOutbound(Buffer.from(text))
      await until(() => client.outbound.length > 0)
      server.writeInbound(...takeAll(client))
      await until(() => server.outbound.length > 0)
      client.writeInbound(...takeAll(server))
      await until(() => joined(client.inbound).length >= text.length)
      expect(textOf(client.inbound)).toBe(text)
      while (client.readInbound());
    }
    client.endOutbound()
    await until(() => client.outboundEnded)
    server.writeInbound(...takeAll(client))
    server.endInbound()
    await until(() => server.outboundEnded)
    client.writeInbound(...takeAll(server))
    client.endInbound()
    await until(() => client.closed !== undefined)
    expect([client.error, server.error, client.inbound]).toEqual([undefined, undefined, []])
  })

  test('refuses what was compressed by nobody, what is cut off, and what follows the end', async () => {
    const packed = await deflated([prose], { format })
    expect(await causeOf(inflated([Buffer.from('hello, is anybody there?')], { format }))).toBeInstanceOf(CorruptFrameError)
    expect(await causeOf(inflated([packed.subarray(0, -5)], { format }))).toBeInstanceOf(UnexpectedEndError)
    for (const more of [[packed, Buffer.from('more')], [Buffer.concat([packed, Buffer.from('more')])]]) {
      expect(await causeOf(inflated(more, { format }))).toBeInstanceOf(CorruptFrameError)
    }
  })

  test('ends a bomb by its ratio and by its size, long before it has gone off', async () => {
    const bomb = await deflated(Array<Buffer>(64).fill(Buffer.alloc(2 ** 20)), { format, flush: false })
    for (const [options, most] of [[{ maxRatio: 10 }, Math.max(65_536, bomb.length * 10)], [{ maxRatio: 100_000, maxOutput: 200_000 }, 200_000]] as const) {
      const embedded = embed(compress({ format, ...options }))
      embedded.writeInbound(bomb)
      await until(() => embedded.closed !== undefined)
      expect(embedded.error?.cause).toBeInstanceOf(FrameTooLongError)
      expect(joined(embedded.inbound).length).toBeLessThanOrEqual(most)
    }
  })

  test('compresses each datagram by itself', () => {
    const [client, server] = [embed(compress({ format }), { datagram: true }), embed(pipeline(compress({ format }), echo()), { datagram: true })]
    for (const text of ['a', '', 'b'.repeat(1_000)]) client.writeOutbound(Buffer.from(text))
    const packed = takeAll(client)
    server.writeInbound(packed[0] as Uint8Array, Buffer.from('nonsense'), packed[2] as Uint8Array, (packed[2] as Uint8Array).slice(0, -2), Buffer.alloc(0), packed[1] as Uint8Array)
    client.writeInbound(...takeAll(server))
    expect(client.inbound.map((item) => textOf([item]))).toEqual(['a', 'b'.repeat(1_000), ''])
    const dropped = server.events.flatMap((event) => (event.type === 'frame-dropped' ? [event.error.constructor] : []))
    expect(dropped).toEqual([CorruptFrameError, UnexpectedEndError, UnexpectedEndError])
    expect(server.closed).toBeUndefined()
  })

  test('drops a datagram that is a bomb', () => {
    const client = embed(compress({ format }), { datagram: true })
    client.writeOutbound(Buffer.alloc(2 ** 20))
    const server = embed(compress({ format, maxOutput: 100_000, maxRatio: 100_000 }), { datagram: true })
    server.writeInbound(...takeAll(client))
    expect(server.inbound).toEqual([])
    expect(server.events.at(-1)).toMatchObject({ type: 'frame-dropped', error: expect.any(FrameTooLongError) as unknown })
  })
})

function takeAll(embedded: Embedded<never, never>|Embedded<Uint8Array, Uint8Array>): Uint8Array[] {
  const taken: Uint8Array[] = []
  for (let item = embedded.readOutbound(); item; item = embedded.readOutbound()) taken.push(item)
  return taken
}

describe('compress', () => {
  test('speaks the formats that others do', async () => {
    expect(String(zlib.gunzipSync(await deflated([prose], { format: 'gzip', level: 9 })))).toBe(String(prose))
    expect(String(zlib.brotliDecompressSync(await deflated([prose], { format: 'brotli', level: 11 })))).toBe(String(prose))
    expect(String(await inflated([zlib.deflateSync(prose)]))).toBe(String(prose))
    expect(String(await inflated([zlib.gzipSync('a'), zlib.gzipSync('b')], { format: 'gzip' }))).toBe('ab')
  })

  test('gathers where it is not to flush', async () => {
    const parts = Array<Buffer>(100).fill(Buffer.from('{"sensor":17,"value":3.25}'))
    const [each, gathered] = await Promise.all([deflated(parts), deflated(parts, { flush: false })])
    expect(gathered.length).toBeLessThan(each.length / 4)
  })

  test('lets go of its streams when the connection is gone, also in the middle of one', async () => {
    const embedded = embed(pipeline(compress({ maxRatio: 100_000 }), echo()))
    embedded.writeInbound(zlib.deflateSync(Buffer.alloc(2 ** 23)))
    embedded.abort()
    await embedded.settled()
    expect(embedded.closed).toBeDefined()
    embedded.writeInbound(Buffer.from('more'))
  })

  test('expands nothing more while its peer is behind', async () => {
    const expanded = embed(pipeline(compress({ maxRatio: 100_000, maxOutput: 2 ** 26 })), { highWaterMark: 65_536 })
    const holding = embed(pipeline(compress({ maxRatio: 100_000, maxOutput: 2 ** 26, level: 0 }), echo()), { highWaterMark: 65_536 })
    holding.clog()
    holding.writeInbound(zlib.deflateSync(Buffer.alloc(2 ** 25)))
    expanded.writeInbound(zlib.deflateSync(Buffer.alloc(2 ** 25)))
    await until(() => expanded.inbound.reduce((sum, { length }) => sum + length, 0) === 2 ** 25)
    expect(holding.connection.bytesWritten).toBeLessThan(2 ** 20)
    holding.abort()
  })

  test.each<[unknown]>([
    [{ format: 'lzma' }], [{ level: 10 }], [{ format: 'brotli', level: 12 }], [{ format: 'gzip', level: 1.5 }], [{ maxRatio: 0.5 }],
    [{ maxOutput: 0 }], [{ flush: 1 }], [hasZstd ? { format: 'zstd', level: 0 } : { format: 'zstd' }],
  ])('refuses %j', (options) => {
    expect(() => compress(options as CompressOptions)).toThrow(InvalidOptionError)
  })
})

describe('Expansion', () => {
  test('lets 64 KiB pass whatever the ratio, and then what the ratio allows over all', () => {
    const expansion = new Expansion({ maxRatio: 10, maxOutput: 10 ** 9 })
    expansion.begin(1)
    expansion.add(65_536)
    expect(() => expansion.add(1)).toThrow(FrameTooLongError)
    const long = new Expansion({ maxRatio: 10, maxOutput: 10 ** 9 })
    long.begin(10_000)
    long.add(100_000)
    expect(long.allowed).toBe(0)
    long.begin(1)
    expect(long.allowed).toBe(10)
  })

  test('begins anew with each chunk what its size allows, and says by how much it was too long', () => {
    const expansion = new Expansion({ maxRatio: 1_000, maxOutput: 100 })
    for (let i = 0; i < 3; i++) {
      expansion.begin(10)
      expansion.add(100)
    }
    expansion.begin(10)
    expansion.add(60)
    expect(() => expansion.add(50)).toThrow(expect.objectContaining({ limit: 100, received: 110 }))
  })
})
