import { describe, expect, test, vi } from 'vitest'
import { type Connection, DrainTimeoutError, handle, pipeline, respond } from '../src/index.ts'
import { collect } from '../src/testing/index.ts'
import { echo, encode, textOf } from './support/plugins.ts'
import { testServer, turns } from './support/test-server.ts'

const pending = (): Promise<never> => new Promise(() => {})

describe('close of a server', () => {
  test('resolves at once where there is no connection', async () => {
    const { server, events } = testServer(pipeline(echo()))
    await server.listen()
    await server.close()
    expect(server.status).toBe('closed')
    expect(server.address).toBeUndefined()
    expect(await server.closed).toEqual({ cutOff: 0 })
    expect(events.map(({ type }) => type)).toEqual(['listening', 'draining', 'closed'])
    await server.close()
  })

  test('closes a connection once no byte has gone for 250 ms', async () => {
    const { server, listener, clock } = testServer(pipeline(echo()))
    await server.listen()
    const { client, accepted } = listener.connect()
    void server.close()
    clock.advance(249)
    expect(accepted?.status).toBe('open')
    clock.advance(1)
    expect(accepted?.status).toBe('closing')
    await collect(client).then(() => client.close())
    await server.closed
  })

  test('keeps the process running until it is done, and no longer', async () => {
    const { server, listener, clock } = testServer(pipeline(handle(pending)), { drainTimeout: 5_000 })
    await server.listen()
    listener.connect()
    const begun = vi.spyOn(globalThis, 'setInterval')
    const ended = vi.spyOn(globalThis, 'clearInterval')
    void server.close()
    const alive = begun.mock.results[0]?.value as NodeJS.Timeout
    expect(alive.hasRef()).toBe(true)
    expect(ended).not.toHaveBeenCalled()
    clock.advance(5_000)
    expect(await server.closed).toEqual({ cutOff: 1 })
    expect(ended).toHaveBeenCalledWith(alive)
    vi.restoreAllMocks()
  })

  test('takes a time in which the process itself was held up for no silence', async () => {
    const { server, listener, clock } = testServer(pipeline(echo()))
    await server.listen()
    const { client, accepted } = listener.connect()
    void server.close()
    clock.advance(200)
    // Nothing runs for so long, the look at the connections neither; then that comes first.
    vi.spyOn(clock, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(1_000)
    clock.advance(50)
    expect(accepted?.status).toBe('open')
    vi.restoreAllMocks()
    clock.advance(50)
    expect(accepted?.status).toBe('closing')
    await collect(client).then(() => client.close())
    await server.closed
  })

  test('leaves one alone that is still at work: bytes go, then it is idle', async () => {
    const { server, listener, clock } = testServer(pipeline(echo()))
    await server.listen()
    const { client, accepted } = listener.connect()
    void server.close()
    for (let i = 0; i < 4; i++) {
      clock.advance(200)
      client.write(encode('x'))
      await turns()
      expect(accepted?.status).toBe('open')
    }
    clock.advance(250)
    expect(accepted?.status).toBe('closing')
    expect(textOf(await collect(client))).toBe('xxxx')
    await Promise.all([client.close(), server.closed])
    expect(await server.closed).toEqual({ cutOff: 0 })
  })

  test('waits for a handler at work, and for an answer that is owed', async () => {
    let answer!: (text: Uint8Array) => void
    const slow = respond(() => new Promise<Uint8Array>((resolve) => (answer = resolve)))
    const { server, listener, clock } = testServer(pipeline(slow))
    await server.listen()
    const { client, accepted } = listener.connect()
    client.write(encode('question'))
    await turns()
    void server.close()
    clock.advance(10_000)
    expect(accepted?.status).toBe('open')
    answer(encode('answer'))
    await turns()
    clock.advance(300)
    expect(textOf(await collect(client))).toBe('answer')
    await Promise.all([client.close(), server.closed])
  })

  test('tells handlers that they should finish', async () => {
    const polite = handle(async ({ draining }) => {
      await new Promise((resolve) => draining.addEventListener('abort', resolve))
    })
    const { server, listener } = testServer(pipeline(polite))
    await server.listen()
    const { client } = listener.connect()
    const reading = collect(client)
    void server.close()
    expect(await reading).toEqual([])
    await client.close()
    expect(await server.closed).toEqual({ cutOff: 0 })
  })

  test('cuts off what is at work after drainTimeout, with DrainTimeoutError, and counts it', async () => {
    const { server, listener, clock, events } = testServer(pipeline(handle(pending)), { drainTimeout: 1000 })
    await server.listen()
    const { accepted } = listener.connect()
    await turns()
    void server.close()
    clock.advance(999)
    expect(accepted?.status).toBe('open')
    clock.advance(1)
    expect((await accepted?.closed)?.error).toBeInstanceOf(DrainTimeoutError)
    expect(await server.closed).toEqual({ cutOff: 1 })
    expect(events.at(-1)).toEqual({ type: 'closed', cutOff: 1 })
    expect(clock.pending).toBe(0)
  })

  test('rejects with signal.reason at once, and goes on draining', async () => {
    const { server, listener, clock } = testServer(pipeline(echo()))
    await server.listen()
    const { accepted, client } = listener.connect()
    const reason = new RangeError('enough')
    await expect(server.close({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    clock.advance(250)
    expect(accepted?.status).toBe('closing')
    client.abort()
    await server.closed
  })

  test('leaves a connection alone that whoever took it has in hand', async () => {
    const { server, listener, clock } = testServer<Connection>()
    await server.listen()
    const { client, accepted } = listener.connect()
    client.write(encode('question'))
    for await (const connection of server) {
      const iterator = connection.source[Symbol.asyncIterator]()
      await iterator.next()
      break
    }
    void server.close()
    clock.advance(1000)
    expect(accepted?.status).toBe('open')
    server.abort()
    await server.closed
  })

  test('happens once: listeners hear of it once, however often it is asked for', async () => {
    const { server, events, listener } = testServer(pipeline(echo()))
    await server.listen()
    await Promise.all([server.close(), server.close(), server[Symbol.asyncDispose]()])
    expect(events.filter(({ type }) => type === 'draining' || type === 'closed')).toHaveLength(2)
    expect(listener.calls).toEqual(['listen', 'stopAccepting', 'close'])
  })

  test('completes events$ and connections$', async () => {
    const { server } = testServer(pipeline(echo()))
    const completed: string[] = []
    server.events$.subscribe({ complete: () => completed.push('events$') })
    server.connections$.subscribe({ complete: () => completed.push('connections$') })
    await server.close()
    expect(completed.toSorted()).toEqual(['connections$', 'events$'])
  })
})

describe('abort of a server', () => {
  test('resets every connection at once, with the reason, and counts those at work once', async () => {
    const { server, listener } = testServer(pipeline(handle(pending)))
    await server.listen()
    const { accepted } = listener.connect()
    await turns()
    const reason = new RangeError('enough')
    server.abort(reason)
    server.abort(reason)
    expect((await accepted?.closed)?.error).toBe(reason)
    expect(await server.closed).toEqual({ cutOff: 1 })
  })

  test('ends a server that never listened', async () => {
    const { server } = testServer(pipeline(echo()))
    server.abort()
    expect(await server.closed).toEqual({ cutOff: 0 })
  })

  test('cuts a drain short', async () => {
    const { server, listener } = testServer(pipeline(handle(pending)))
    await server.listen()
    listener.connect()
    await turns()
    const closed = server.close()
    server.abort()
    await closed
    expect(await server.closed).toEqual({ cutOff: 1 })
  })
})
