import { concatMap, from, lastValueFrom, map, type Observable, Subject, take, toArray } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import { type AsyncStage, PluginError } from '../src/index.ts'
import { connectionPair } from '../src/testing/index.ts'
import { decode, echo, encode, inbound, staged, tag, textOf } from './support/plugins.ts'

type Bytes = Uint8Array

const gather = (source: Observable<Bytes>): Promise<string> => lastValueFrom(source.pipe(toArray(), map(textOf)))

const slow: AsyncStage<Bytes, Bytes> = async function* (source) {
  for await (const chunk of source) {
    await Promise.resolve()
    yield chunk
  }
  yield encode('.')
}

const boom = inbound('boom', {
  push: () => {
    throw new RangeError('no')
  },
})

/** What a subscription was told. */
function told<T>(source: Observable<T>): { readonly values: T[]; error?: unknown; completed: boolean } {
  const seen: { values: T[]; error?: unknown; completed: boolean } = { values: [], completed: false }
  source.subscribe({
    next: (value) => seen.values.push(value),
    error: (error: unknown) => (seen.error = error),
    complete: () => (seen.completed = true),
  })
  return seen
}

describe('.operator', () => {
  test('gives what the stage makes, and its last word before it completes', async () => {
    expect(await gather(from([encode('1'), encode('2')]).pipe(tag('a').operator, tag('b').operator))).toBe('1ab2abAbB')
  })

  test('is synchronous where the stage is', () => {
    const subject = new Subject<Bytes>()
    const { values } = told(subject.pipe(tag('a').operator))
    subject.next(encode('1'))
    expect(textOf(values)).toBe('1a')
  })

  test('runs an AsyncStage too', async () => {
    expect(await gather(from([encode('1'), encode('2')]).pipe(inbound('slow', slow).operator))).toBe('12.')
  })

  test('of a plugin without that stage passes everything on, and outbound has the other one', async () => {
    const one = staged('one', () => ({ outbound: { push: (chunk, emit) => emit(encode(`${decode(chunk)}!`)) } }))
    expect(await gather(from([encode('a')]).pipe(one.operator))).toBe('a')
    expect(await gather(from([encode('a')]).pipe(one.outbound.operator))).toBe('a!')
  })

  test('of a plugin that answers by itself is what it sends back', async () => {
    expect(await gather(from([encode('a'), encode('b')]).pipe(echo().operator))).toBe('ab')
  })

  test('has fresh state at each subscription', async () => {
    const counted = from([encode('x')]).pipe(
      staged('counter', () => {
        let count = 0
        return { inbound: { push: (_, emit) => emit(encode(String(++count))) } }
      }).operator,
    )
    expect([await gather(counted), await gather(counted)]).toEqual(['1', '1'])
  })

  test('errors with what the stage threw, as the PluginError it is, and unsubscribes from its source', () => {
    const subject = new Subject<Bytes>()
    const seen = told(subject.pipe(boom.operator))
    subject.next(encode('a'))
    expect(seen.error).toBeInstanceOf(PluginError)
    expect(seen.error).toMatchObject({ plugin: 'boom', phase: 'push', cause: expect.any(RangeError) })
    expect(subject.observed).toBe(false)
  })

  test('errors with what an AsyncStage threw', async () => {
    const failing = inbound('failing', async function* (source) {
      for await (const _ of source) throw new RangeError('no')
      yield encode('')
    })
    await expect(gather(from([encode('a')]).pipe(failing.operator))).rejects.toMatchObject({
      plugin: 'failing', phase: 'asyncStage',
    })
  })

  test('passes the error of its source on as it is', () => {
    const reason = new RangeError('the source')
    const subject = new Subject<Bytes>()
    const seen = told(subject.pipe(tag('a').operator))
    subject.error(reason)
    expect(seen.error).toBe(reason)
    expect(seen.values).toEqual([])
  })

  test.each([['a stage', tag('a')], ['an AsyncStage', inbound('slow', slow)]])(
    'of %s lets source and plugin go when it is unsubscribed',
    (_, { operator }) => {
      const subject = new Subject<Bytes>()
      const subscription = subject.pipe(operator).subscribe()
      expect(subject.observed).toBe(true)
      subscription.unsubscribe()
      expect(subject.observed).toBe(false)
    },
  )

  test('closes the plugin when it is over, once', async () => {
    let closed = 0
    const closing = staged('closing', () => ({ close: () => void closed++ }))
    await gather(from([encode('a')]).pipe(closing.operator))
    expect(closed).toBe(1)
  })
})

describe('.operator on data$', () => {
  test('ends that connection with the one error when the stage throws', async () => {
    const [client, server] = connectionPair()
    const seen = told(server.data$.pipe(tag('a').operator, boom.operator))
    client.write(encode('abc'))
    const { error } = await server.closed
    expect(seen.error).toBe(error)
    expect(error).toMatchObject({ plugin: 'boom', remoteAddress: { port: 1 } })
    await client.closed
  })

  test('ends that connection when an operator of RxJS after it throws', async () => {
    const [client, server] = connectionPair()
    const cause = new RangeError('no')
    const failing = map(() => {
      throw cause
    })
    const seen = told(server.data$.pipe(tag('a').operator, failing))
    client.write(encode('abc'))
    const { error } = await server.closed
    expect(seen.error).toBe(error)
    expect(error).toMatchObject({ plugin: 'data$', phase: 'operator', cause })
    await client.closed
  })

  test('loses nothing that waits when a subscriber has enough', async () => {
    const [client, server] = connectionPair()
    for (const text of ['c', 'b', 'a']) server.unread(encode(text))
    const { values } = told(server.data$.pipe(tag('x').operator, take(1)))
    expect(textOf(values)).toBe('ax')
    const rest = told(server.data$)
    expect(textOf(rest.values)).toBe('bc')
    client.abort()
    await server.closed
  })

  test('stops reading while an AsyncStage is behind', async () => {
    const [client, server] = connectionPair()
    let pulled = 0
    let goOn = (): void => {}
    const waiting = inbound('waiting', async function* (source) {
      for await (const chunk of source) {
        pulled += chunk.byteLength
        await new Promise<void>((resolve) => (goOn = resolve))
        yield chunk
      }
    })
    told(server.data$.pipe(waiting.operator))
    void client.sink(Array.from({ length: 64 }, () => new Uint8Array(64 * 1024)))
    await vi.waitFor(() => expect(server.bytesRead).toBeGreaterThan(1024 * 1024))
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(server.bytesRead).toBeLessThan(1.5 * 1024 * 1024)
    expect(pulled).toBeLessThanOrEqual(64 * 1024)
    goOn()
    server.abort()
    await client.closed
  })

  test('passes what a concatMap in between gives in order', async () => {
    const [client, server] = connectionPair()
    const text = gather(server.data$.pipe(concatMap(async (chunk) => Promise.resolve(chunk)), tag('a').operator))
    await client.sink([encode('1')])
    expect(await text).toBe('1aA')
    await server.close()
  })
})
