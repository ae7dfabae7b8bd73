import { from, map, mergeMap, Subject } from 'rxjs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type BaseConnection,
  BufferOverflowError,
  ConnectionBusyError,
  InvalidOptionError,
  sendTo,
} from '../src/index.ts'
import { collect, connectionPair } from '../src/testing/index.ts'
import { encode, tag, textOf } from './support/plugins.ts'

const KIB = 1024
let client: BaseConnection
let server: BaseConnection

beforeEach(() => {
  ;[client, server] = connectionPair({ highWaterMark: 16 * KIB })
})

afterEach(async () => {
  client.abort()
  server.abort()
  await Promise.all([client.closed, server.closed])
})

/** A peer that reads nothing, and is behind from the first write of this turn on. */
const fill = (): void => void server.write(new Uint8Array(128 * KIB))

describe('sendTo', () => {
  test('writes each item, half-closes at the end and completes when all is handed over', async () => {
    const completed = vi.fn()
    from([encode('a'), encode('b')]).pipe(sendTo(server)).subscribe({ complete: completed })
    expect(textOf(await collect(client))).toBe('ab')
    await vi.waitFor(() => expect(completed).toHaveBeenCalledOnce())
    expect(server.status).toBe('half-closed-local')
  })

  test('leaves the connection open where it is told to', async () => {
    const completed = vi.fn()
    from([encode('a')]).pipe(sendTo(server, { end: false })).subscribe({ complete: completed })
    await vi.waitFor(() => expect(completed).toHaveBeenCalledOnce())
    expect(server.status).toBe('open')
  })

  test('echoes data$ to a slow peer within bounds, by reading no more meanwhile', async () => {
    let most = 0
    const expanded = server.data$.pipe(mergeMap((chunk) => Array.from({ length: 10 }, () => chunk)))
    expanded.pipe(map((chunk) => ((most = Math.max(most, server.unsentBytes)), chunk)), sendTo(server)).subscribe()
    void client.sink(Array.from({ length: 100 }, () => new Uint8Array(16 * KIB)))
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(server.bytesRead).toBeLessThanOrEqual(64 * KIB)
    let received = 0
    for await (const { byteLength } of client) received += byteLength
    expect(received).toBe(100 * 16 * KIB * 10)
    expect(most).toBeLessThanOrEqual(64 * KIB)
  })

  test('fails at its limit by default: the connection is aborted with BufferOverflowError', async () => {
    const subject = new Subject<Uint8Array>()
    const failed = vi.fn()
    subject.pipe(sendTo(server, { limit: 4 * KIB })).subscribe({ error: failed })
    fill()
    for (let i = 0; i < 6; i++) subject.next(new Uint8Array(KIB))
    const { error } = await server.closed
    expect(error).toBeInstanceOf(BufferOverflowError)
    expect(error).toMatchObject({ limit: 4 * KIB })
    expect(failed.mock.calls).toEqual([[error]])
    expect(subject.observed).toBe(false)
  })

  test.each([
    // The first item finds the peer behind and is on its way; what comes after waits, four at most.
    ['dropNewest', [0, 1, 2, 3, 4]],
    ['dropOldest', [0, 6, 7, 8, 9]],
  ] as const)('keeps what there is room for with %s', async (overflow, expected) => {
    const subject = new Subject<Uint8Array>()
    subject.pipe(sendTo(server, { limit: 4 * KIB, overflow })).subscribe()
    fill()
    for (let i = 0; i < 10; i++) subject.next(new Uint8Array(KIB).fill(i))
    subject.complete()
    const chunks = await collect(client)
    const bytes = chunks.flatMap((chunk) => [...chunk]).slice(128 * KIB)
    expect(bytes.filter((_, i) => i % KIB === 0)).toEqual(expected)
  })

  test('drops an item for which there will never be room', async () => {
    const subject = new Subject<Uint8Array>()
    subject.pipe(sendTo(server, { limit: KIB, overflow: 'dropOldest' })).subscribe()
    fill()
    subject.next(encode('a'))
    subject.next(new Uint8Array(KIB + 1))
    subject.complete()
    const bytes = (await collect(client)).reduce((sum, { byteLength }) => sum + byteLength, 0)
    expect(bytes).toBe(128 * KIB + 1)
  })

  test('aborts the connection with the error of its source', async () => {
    const reason = new RangeError('the source')
    const subject = new Subject<Uint8Array>()
    const failed = vi.fn()
    subject.pipe(sendTo(server)).subscribe({ error: failed })
    subject.error(reason)
    expect((await server.closed).error).toBe(reason)
    expect(failed.mock.calls).toEqual([[reason]])
  })

  test('passes the error of the connection on, and lets its source go', async () => {
    const reason = new RangeError('enough')
    const subject = new Subject<Uint8Array>()
    const failed = vi.fn()
    subject.pipe(sendTo(server)).subscribe({ error: failed })
    fill()
    subject.next(encode('a'))
    server.abort(reason)
    await vi.waitFor(() => expect(failed.mock.calls).toEqual([[reason]]))
    expect(subject.observed).toBe(false)
  })

  test('refuses a connection that has a reader, which goes on', async () => {
    const failed = vi.fn()
    server.data$.pipe(sendTo(server)).subscribe()
    server.data$.pipe(sendTo(server)).subscribe({ error: failed })
    expect(failed.mock.calls[0]?.[0]).toBeInstanceOf(ConnectionBusyError)
    void client.sink([encode('a')])
    expect(textOf(await collect(client))).toBe('a')
  })

  test('makes an item that is no Uint8Array the failure of the connection', async () => {
    const failed = vi.fn()
    from(['text' as never]).pipe(sendTo(server)).subscribe({ error: failed })
    expect((await server.closed).error).toBeInstanceOf(InvalidOptionError)
    expect(failed).toHaveBeenCalledOnce()
  })

  test.each([{ limit: 0 }, { overflow: 'drop' }, { limt: 5 }, { end: 1 }])('refuses options %j, at once', (options) => {
    expect(() => sendTo(server, options as never)).toThrow(InvalidOptionError)
  })
})

describe('what sendTo is lent', () => {
  test('is what its own connection reads, until it is left', () => {
    const subscription = server.data$.pipe(sendTo(server)).subscribe()
    expect(server.borrows).toBe(true)
    subscription.unsubscribe()
    expect(server.borrows).toBe(false)
  })

  test('is nothing where an operator stands between, or it writes to another connection, or has not got to read', () => {
    const through = server.data$.pipe(map((chunk) => chunk), sendTo(server)).subscribe()
    expect(server.borrows).toBe(false)
    through.unsubscribe()
    // One of ours, which RxJS has not lifted.
    const throughOurs = server.data$.pipe(tag('a').operator, sendTo(server)).subscribe()
    expect(server.borrows).toBe(false)
    throughOurs.unsubscribe()
    const across = server.data$.pipe(sendTo(client)).subscribe()
    expect([server.borrows, client.borrows]).toEqual([false, false])
    server.data$.pipe(sendTo(server)).subscribe({ error: () => {} })
    expect(server.borrows).toBe(false)
    across.unsubscribe()
  })

  test('waits unread while the peer is behind', async () => {
    fill()
    server.data$.pipe(sendTo(server)).subscribe()
    const chunks = [encode('a'), encode('b'), encode('c')]
    for (const chunk of chunks) server.inbox.push(chunk)
    expect([server.queuedItems, server.holdsInput]).toEqual([2, true])
    const received = collect(client)
    await vi.waitFor(() => expect(server.unsentBytes).toBe(0))
    void server.closeWrite()
    expect(textOf(await received).slice(-3)).toBe('abc')
  })
})
