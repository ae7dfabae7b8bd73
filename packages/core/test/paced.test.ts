import { lastValueFrom, map, of, Subject, throwError, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BaseConnection, InvalidOptionError, paced, sendTo } from '../src/index.ts'
import { connectionPair } from '../src/testing/index.ts'
import { encode, textOf } from './support/plugins.ts'

let client: BaseConnection
let server: BaseConnection

beforeEach(() => {
  ;[client, server] = connectionPair({ highWaterMark: 64 * 1024 })
})

afterEach(async () => {
  client.abort()
  server.abort()
  await Promise.all([client.closed, server.closed])
})

describe('paced', () => {
  test('maps each item to a promise or an observable, one after the other, in order', async () => {
    const items = lastValueFrom(
      server.data$.pipe(
        paced((chunk) => (chunk.byteLength === 1 ? Promise.resolve(chunk) : of(chunk, encode('+')))),
        toArray(),
      ),
    )
    client.write(encode('a'))
    await client.drain()
    await vi.waitFor(() => expect(server.bytesRead).toBe(1))
    client.write(encode('bc'))
    await client.closeWrite()
    expect(textOf(await items)).toBe('abc+')
  })

  test('does not read while an item is at work', async () => {
    const inner: Subject<never>[] = []
    server.data$
      .pipe(
        paced(() => {
          const subject = new Subject<never>()
          inner.push(subject)
          return subject
        }),
      )
      .subscribe()
    void client.sink(Array.from({ length: 64 }, () => new Uint8Array(16 * 1024)))
    await vi.waitFor(() => expect(inner).toHaveLength(1))
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    const { bytesRead } = server
    expect(inner).toHaveLength(1)
    expect(bytesRead).toBeLessThanOrEqual(64 * 1024)
    inner[0]?.complete()
    await vi.waitFor(() => expect(inner.length).toBeGreaterThan(1))
  })

  test('completes when the last item is done, not before', async () => {
    const inner = new Subject<Uint8Array>()
    const completed = vi.fn()
    server.data$.pipe(paced(() => inner)).subscribe({ complete: completed })
    client.write(encode('a'))
    void client.closeWrite()
    await vi.waitFor(() => expect(inner.observed).toBe(true))
    expect(completed).not.toHaveBeenCalled()
    inner.complete()
    await vi.waitFor(() => expect(completed).toHaveBeenCalledOnce())
  })

  test.each([
    ['throws', () => { throw new RangeError('no') }],
    ['rejects', () => Promise.reject(new RangeError('no'))],
    ['errors', () => throwError(() => new RangeError('no'))],
  ])('ends the connection when the projection %s', async (_, project) => {
    const failed = vi.fn()
    server.data$.pipe(paced(project)).subscribe({ error: failed })
    client.write(encode('a'))
    const { error } = await server.closed
    expect(error).toMatchObject({
      code: 'MILLRACE_ERR_PLUGIN_FAILED', phase: 'operator', cause: expect.any(RangeError),
    })
    expect(failed.mock.calls).toEqual([[error]])
  })

  test('lets go of the item at work when it is unsubscribed, and of the connection', async () => {
    const inner = new Subject<Uint8Array>()
    const subscription = server.data$.pipe(paced(() => inner)).subscribe()
    client.write(encode('a'))
    await vi.waitFor(() => expect(inner.observed).toBe(true))
    subscription.unsubscribe()
    expect(inner.observed).toBe(false)
    client.write(encode('b'))
    for await (const chunk of server) {
      expect(textOf([chunk])).toBe('b')
      break
    }
  })

  test('goes with sendTo', async () => {
    server.data$.pipe(paced((chunk) => Promise.resolve(chunk)), sendTo(server)).subscribe()
    void client.sink([encode('a'), encode('b')])
    const received: Uint8Array[] = []
    for await (const chunk of client) received.push(chunk)
    expect(textOf(received)).toBe('ab')
  })

  test.each([
    ['no connection', () => of(encode('a')).pipe(paced((chunk) => of(chunk)))],
    ['an operator between', () => server.data$.pipe(map((chunk) => chunk), paced((chunk) => of(chunk)))],
  ])('refuses a source with %s: nobody could hold it back', (_, make) => {
    expect(make).toThrow(InvalidOptionError)
  })
})
