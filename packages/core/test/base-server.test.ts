import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import {
  type Connection,
  InvalidPipelineError,
  type MessageConnection,
  pipeline,
  ServerBusyError,
  ServerStateError,
} from '../src/index.ts'
import { collect } from '../src/testing/index.ts'
import { echo, encode, staged, tag, textOf } from './support/plugins.ts'
import { testServer, turns } from './support/test-server.ts'

type Messages = MessageConnection<unknown, Uint8Array>

describe('a server with a pipeline', () => {
  test('runs it on each connection and tells what happens', async () => {
    const { server, listener, events } = testServer(pipeline(tag('a'), echo()))
    expect(server.status).toBe('new')
    await server.listen()
    expect([server.status, server.address?.port]).toEqual(['listening', 1])
    const { client } = listener.connect()
    await client.sink([encode('x')])
    expect(textOf(await collect(client))).toBe('xaaAaA')
    await client.closed
    expect(events.map(({ type }) => type)).toEqual(['listening', 'connection-opened', 'connection-closed'])
    expect(server.counters).toMatchObject({ accepted: 1, refused: 0, failed: 0 })
    await server.close()
  })

  test('lists its connections; what is written to one passes its encoders', async () => {
    const { server, listener } = testServer<Messages>(pipeline(tag('a'), echo()))
    await server.listen()
    const { client } = listener.connect()
    expect(server.connections.size).toBe(1)
    for (const connection of server.connections) connection.write(encode('news:'))
    for await (const chunk of client) {
      expect(textOf([chunk])).toBe('news:a')
      break
    }
    client.abort()
    await turns()
    expect(server.connections.size).toBe(0)
    await server.close()
  })

  test('tells connections$ of each, and publishes events on diagnostics channels', async () => {
    const { server, listener } = testServer<Messages>(pipeline(echo()))
    const published: unknown[] = []
    const note = (event: unknown): void => void published.push(event)
    subscribe('millrace:connection-opened', note)
    const ids: string[] = []
    server.connections$.subscribe(({ id }) => ids.push(id))
    await server.listen()
    const { accepted } = listener.connect()
    unsubscribe('millrace:connection-opened', note)
    expect(ids).toEqual([accepted?.id])
    expect(published).toMatchObject([{ type: 'connection-opened', connection: { id: accepted?.id } }])
    server.abort()
    await server.closed
  })

  test('reports a connection that failed once, with the error, and the others go on', async () => {
    const boom = staged('boom', () => ({
      inbound: {
        push: (chunk, emit) => {
          if (chunk[0] === 0) throw new RangeError('no')
          emit(chunk)
        },
      },
    }))
    const { server, listener, events } = testServer(pipeline(boom, echo()))
    await server.listen()
    const [bad, good] = [listener.connect(), listener.connect()]
    bad.client.write(Uint8Array.of(0))
    await bad.client.closed
    await turns()
    const failed = events.filter((event) => 'error' in event)
    expect(failed).toMatchObject([{ type: 'connection-closed', error: { plugin: 'boom' }, initiator: 'local' }])
    expect(server.counters.failed).toBe(1)
    await good.client.sink([encode('x')])
    expect(textOf(await collect(good.client))).toBe('x')
    await server.close()
  })

  test('cannot be iterated', async () => {
    const { server } = testServer(pipeline(echo()))
    expect(() => server[Symbol.asyncIterator]()).toThrow(ServerBusyError)
    await server.close()
  })

  test('disposes of the plugins, in reverse order, when it is closed', async () => {
    const notes: string[] = []
    const disposing = (name: string): ReturnType<typeof staged> =>
      staged(name, () => ({}), { dispose: () => void notes.push(name) })
    const { server, listener } = testServer(pipeline(disposing('a'), disposing('b'), echo()))
    await server.listen()
    await server.close()
    expect(notes).toEqual(['b', 'a'])
    expect(listener.calls).toEqual(['listen', 'stopAccepting', 'close'])
  })

  test('reports a plugin that fails while it is disposed of, and closes all the same', async () => {
    const boom = staged('boom', () => ({}), {
      dispose: () => {
        throw new RangeError('no')
      },
    })
    const { server, events } = testServer(pipeline(boom, echo()))
    await server.listen()
    await server.close()
    expect(events.map(({ type }) => type)).toEqual(['listening', 'draining', 'listener-error', 'closed'])
  })
})

describe('a server without a pipeline', () => {
  test('is the sequence of its connections', async () => {
    const { server, listener } = testServer<Connection>()
    await server.listen()
    const connected = [listener.connect(), listener.connect()]
    const ids: string[] = []
    for await (const connection of server) if (ids.push(connection.id) === 2) break
    expect(ids).toEqual(connected.map(({ accepted }) => accepted?.id))
    server.abort()
    await server.closed
  })

  test('refuses a second iteration while the first goes on', async () => {
    const { server } = testServer<Connection>()
    const iterator = server[Symbol.asyncIterator]()
    expect(() => server[Symbol.asyncIterator]()).toThrow(ServerBusyError)
    await iterator.return?.()
    server[Symbol.asyncIterator]()
    await server.close()
  })

  test('ends its iteration when it drains', async () => {
    const { server } = testServer<Connection>()
    await server.listen()
    const collecting = collect(server)
    await server.close()
    expect(await collecting).toEqual([])
  })

  test('refuses one connection more than acceptBacklog that nobody has taken', async () => {
    const { server, listener, events } = testServer<Connection>(undefined, { acceptBacklog: 2 })
    await server.listen()
    const accepted = [1, 2, 3].map(() => listener.connect().accepted !== undefined)
    expect(accepted).toEqual([true, true, false])
    expect(events.at(-1)).toMatchObject({ type: 'connection-refused', reason: 'backlog' })
    expect(server.counters.refusedFor).toEqual({ backlog: 1 })
    server.abort()
    await server.closed
  })

  test('forgets a connection that was gone before anybody took it', async () => {
    const { server, listener } = testServer<Connection>()
    await server.listen()
    listener.connect().accepted?.abort()
    await turns()
    const { accepted } = listener.connect()
    for await (const connection of server) {
      expect(connection.id).toBe(accepted?.id)
      break
    }
    server.abort()
    await server.closed
  })
})

describe('listen', () => {
  test('can be called once', async () => {
    const { server } = testServer()
    await server.listen()
    await expect(server.listen()).rejects.toBeInstanceOf(ServerStateError)
    await server.close()
    await expect(server.listen()).rejects.toBeInstanceOf(ServerStateError)
  })

  test('can be tried again after it failed', async () => {
    const { server, listener } = testServer()
    listener.failure = new RangeError('in use')
    await expect(server.listen()).rejects.toBe(listener.failure)
    expect(server.status).toBe('new')
    listener.failure = undefined
    await server.listen()
    await server.close()
  })

  test('rejects with signal.reason where it is aborted already, and nothing listens', async () => {
    const { server, listener } = testServer()
    const reason = new RangeError('enough')
    await expect(server.listen({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(listener.calls).toEqual([])
    await server.close()
  })
})

test.each([
  ['a pipeline without a handler', pipeline(tag('a'))],
  ['what is no pipeline', { plugins: [] }],
  ['null', null],
])('a server refuses %s when it is made', (_, subject) => {
  expect(() => testServer(subject as never)).toThrow(InvalidPipelineError)
})
