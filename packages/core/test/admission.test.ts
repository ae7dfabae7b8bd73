import { describe, expect, test } from 'vitest'
import { pipeline, PluginError, type Refusal } from '../src/index.ts'
import { echo, staged } from './support/plugins.ts'
import { testServer, turns } from './support/test-server.ts'

const accepting = (accept: () => void | Refusal): ReturnType<typeof staged> => staged('guard', () => ({}), { accept })

describe('a connection', () => {
  test('is refused over maxConnections, and let in again when one has gone', async () => {
    const { server, listener, events } = testServer(pipeline(echo()), { maxConnections: 2 })
    await server.listen()
    const [first] = [listener.connect(), listener.connect()]
    expect(listener.connect().accepted).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ type: 'connection-refused', reason: 'maxConnections', transport: 'memory' })
    first?.client.abort()
    await turns()
    expect(listener.connect().accepted).toBeDefined()
    expect(server.counters).toMatchObject({ accepted: 3, refused: 1, refusedFor: { maxConnections: 1 } })
    server.abort()
    await server.closed
  })

  test('is refused over maxConnectionsPerAddress', async () => {
    const { server, listener, events } = testServer(pipeline(echo()), { maxConnectionsPerAddress: 1 })
    await server.listen()
    listener.connect()
    expect(listener.connect().accepted).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ reason: 'maxConnectionsPerAddress' })
    server.abort()
    await server.closed
  })

  test('is refused by the first plugin that says so, and nothing is opened', async () => {
    const second = accepting(() => expect.unreachable())
    const subject = pipeline(
      accepting(() => ({ refuse: 'not today' })), second, staged('opened', () => expect.unreachable()), echo(),
    )
    const { server, listener, events } = testServer(subject)
    await server.listen()
    expect(listener.connect().accepted).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ type: 'connection-refused', reason: 'plugin', detail: 'guard: not today' })
    await server.close()
  })

  test.each<[string, () => unknown]>([
    ['throws', () => { throw new RangeError('no') }],
    ['throws undefined', () => { throw undefined }],
    ['gives a promise', () => Promise.resolve()],
    ['gives a promise that rejects', () => Promise.reject(new RangeError('no'))],
    ['gives false', () => false],
  ])('is refused, with a PluginError, by an accept that %s', async (_, accept) => {
    const { server, listener, events } = testServer(pipeline(accepting(accept as () => void), echo()))
    await server.listen()
    expect(listener.connect().accepted).toBeUndefined()
    const [event] = events.filter(({ type }) => type === 'connection-refused')
    expect(event).toMatchObject({ reason: 'plugin', error: { plugin: 'guard', phase: 'accept', offset: 0 } })
    expect((event as { error?: unknown }).error).toBeInstanceOf(PluginError)
    await server.close()
  })

  test('that was refused counts for nothing', async () => {
    let refuse = true
    const guard = accepting(() => (refuse ? { refuse: 'not yet' } : undefined))
    const { server, listener } = testServer(pipeline(guard, echo()), { maxConnections: 1 })
    await server.listen()
    for (let i = 0; i < 3; i++) expect(listener.connect().accepted).toBeUndefined()
    refuse = false
    expect(listener.connect().accepted).toBeDefined()
    server.abort()
    await server.closed
  })

  test('is refused while the server drains', async () => {
    const { server, listener, events } = testServer(pipeline(echo()))
    await server.listen()
    listener.connect()
    void server.close()
    expect(listener.connect().accepted).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ type: 'connection-refused', reason: 'draining' })
    server.abort()
    await server.closed
  })
})
