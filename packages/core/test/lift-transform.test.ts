import { pipe } from 'it-pipe'
import { describe, expect, test, vi } from 'vitest'
import { type AsyncStage, ConnectionBusyError, CorruptFrameError, PluginError } from '../src/index.ts'
import { chunksOf, collect, connectionPair } from '../src/testing/index.ts'
import { decode, echo, encode, inbound, staged, tag, textOf } from './support/plugins.ts'

type Bytes = Uint8Array

interface Watched extends AsyncIterable<Bytes> {
  pulled: number
  released: boolean
}

/** A source that tells how far it was pulled and whether it was let go. */
function watched(chunks: readonly Bytes[], end: 'ends' | 'waits' = 'ends'): Watched {
  const source = {
    pulled: 0,
    released: false,
    [Symbol.asyncIterator]: (): AsyncIterator<Bytes> => ({
      next: () => {
        const value = chunks[source.pulled++]
        if (value) return Promise.resolve({ done: false, value })
        return end === 'ends' ? Promise.resolve({ done: true, value: undefined }) : new Promise(() => {})
      },
      return: () => {
        source.released = true
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  return source
}

const slow: AsyncStage<Bytes, Bytes> = async function* (source) {
  for await (const chunk of source) {
    await Promise.resolve()
    yield chunk
  }
  yield encode('.')
}

describe('.transform', () => {
  test('gives what the stage makes of an iterable or an async iterable, and its last word', async () => {
    const source = [encode('1'), encode('2')]
    expect(textOf(await collect(tag('a').transform(source)))).toBe('1a2aA')
    expect(textOf(await collect(tag('a').transform(watched(source))))).toBe('1a2aA')
  })

  test('goes into it-pipe, any number of them', async () => {
    const bytes = encode('hello world')
    const text = await pipe(
      chunksOf(bytes, 3), tag('a').transform, tag('b').transform, async (out) => textOf(await collect(out)),
    )
    expect(text).toBe('helablo abworabldabAbB')
  })

  test('runs an AsyncStage too', async () => {
    expect(textOf(await collect(inbound('slow', slow).transform([encode('1'), encode('2')])))).toBe('12.')
  })

  test('of a plugin without that stage passes everything on, and outbound has the other one', async () => {
    const one = staged('one', () => ({ outbound: { push: (chunk, emit) => emit(encode(`${decode(chunk)}!`)) } }))
    expect(textOf(await collect(one.transform([encode('a')])))).toBe('a')
    expect(textOf(await collect(one.outbound.transform([encode('a')])))).toBe('a!')
  })

  test('of a plugin that answers by itself is what it sends back', async () => {
    expect(textOf(await collect(echo().transform([encode('a'), encode('b')])))).toBe('ab')
  })

  test('has fresh state at each iteration', async () => {
    const counter = staged('counter', () => {
      let count = 0
      return { inbound: { push: (_, emit) => emit(Uint8Array.of(++count)) } }
    })
    for (let i = 0; i < 2; i++) expect(await collect(counter.transform([encode('x')]))).toEqual([Uint8Array.of(1)])
  })

  test('pulls an item only when it has nothing left to give', async () => {
    const source = watched([encode('abc'), encode('d'), encode('e')])
    const splitting = inbound(
      'splitting', { push: (chunk, emit) => chunksOf(chunk, 1).forEach((piece) => emit(piece)) },
    )
    const iterator = splitting.transform(source)
    expect(source.pulled).toBe(0)
    for (const letter of ['a', 'b', 'c']) {
      expect(textOf([(await iterator.next()).value as Bytes])).toBe(letter)
      expect(source.pulled).toBe(1)
    }
    await iterator.next()
    expect(source.pulled).toBe(2)
  })

  test('lets its source and its plugin go when it is left early, also while it waits', async () => {
    let closed = 0
    const closing = staged('closing', () => ({ close: () => void closed++ }))
    const left = watched([encode('a'), encode('b')])
    for await (const _ of closing.transform(left)) break
    const waiting = watched([], 'waits')
    const iterator = closing.transform(waiting)
    const pending = iterator.next()
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await pending).toEqual({ done: true, value: undefined })
    expect([left.released, waiting.released, closed]).toEqual([true, true, 2])
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('lets the source of an AsyncStage go when it is left early, also while that waits for it', async () => {
    const left = watched([encode('a'), encode('b')])
    for await (const _ of inbound('slow', slow).transform(left)) break
    await vi.waitFor(() => expect(left.released).toBe(true))
    const waiting = watched([], 'waits')
    const iterator = inbound('slow', slow).transform(waiting)
    const pending = iterator.next()
    await vi.waitFor(() => expect(waiting.pulled).toBe(1))
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await pending).toEqual({ done: true, value: undefined })
    await vi.waitFor(() => expect(waiting.released).toBe(true))
  })

  test.each<[string, Parameters<typeof inbound>[1]]>([
    ['a stage', { push: () => { throw new RangeError('no') } }],
    [
      'an AsyncStage',
      async function* (source) {
        for await (const _ of source) throw new RangeError('no')
        yield encode('')
      },
    ],
  ])('throws what %s throws, once, as the PluginError it is, and lets its source go', async (_, stage) => {
    const source = watched([encode('a'), encode('b')])
    const iterator = inbound('boom', stage).transform(source)
    const error: unknown = await iterator.next().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PluginError)
    expect(error).toMatchObject({ plugin: 'boom', direction: 'inbound', cause: expect.any(RangeError) })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    await Promise.resolve()
    expect(source.released).toBe(true)
  })

  test.each<[string, ReturnType<typeof tag>]>([['a stage', tag('a')], ['an AsyncStage', inbound('slow', slow)]])(
    'by way of %s throws the very error that its source throws, after what came before',
    async (_, plugin) => {
      const reason = new RangeError('the source')
      const source = async function* (): AsyncGenerator<Bytes> {
        yield encode('1')
        throw reason
      }
      const iterator = plugin.transform(source())
      expect((await iterator.next()).done).toBe(false)
      await expect(iterator.next()).rejects.toBe(reason)
    },
  )

  const failing = staged('failing', () => {
    throw new RangeError('open')
  })
  const refusing = inbound('refusing', async function* () {})

  test.each([
    ['whose plugin fails when it is opened', failing, collect],
    ['that is left before it was read', tag('b'), (items: AsyncIterableIterator<Bytes>) => items.return?.()],
    ['whose AsyncStage ends without reading', refusing, collect],
  ] as const)('%s lets the transforms before it go', async (_, plugin, leave) => {
    const closed: string[] = []
    const source = watched([encode('1')])
    const before = staged('before', () => ({ close: () => void closed.push('before') }))
    const items = plugin.transform(before.transform(source))
    await Promise.resolve(leave(items)).catch(() => {})
    expect(closed).toEqual(['before'])
    expect(source.released).toBe(true)
  })

  test('gives what came out before an item that failed, first', async () => {
    const second = inbound('second', {
      push: (chunk, emit) => {
        emit(chunk)
        throw new CorruptFrameError('no')
      },
    })
    const iterator = second.transform([encode('a')])
    expect(textOf([(await iterator.next()).value as Bytes])).toBe('a')
    await expect(iterator.next()).rejects.toMatchObject({ cause: { code: 'MILLRACE_ERR_CORRUPT_FRAME' } })
  })

  test('refuses a second next() while one is pending', async () => {
    const iterator = tag('a').transform(watched([], 'waits'))
    void iterator.next()
    await expect(iterator.next()).rejects.toBeInstanceOf(ConnectionBusyError)
  })

  test('names the peer whose connection it reads', async () => {
    const [client, server] = connectionPair()
    const boom = inbound('boom', { push: () => { throw new RangeError('no') } })
    client.write(encode('a'))
    const error: unknown = await collect(boom.transform(tag('a').transform(server))).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ remoteAddress: { port: 1 } })
    client.abort()
    await server.close()
  })
})
