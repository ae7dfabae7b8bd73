import { Buffer } from 'node:buffer'
import {
  buildClientPipeline,
  type Connection,
  ConnectionBusyError,
  ConnectionClosedError,
  definePlugin,
  type Emit,
  InvalidOptionError,
  type MessageConnection,
  pipeline,
  RequestLimitError,
  RequestTimeoutError,
  runClient,
} from '@millrace/core'
import { connectionPair, VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { requestReply, type RequestReply, type RequestReplyOptions } from '../../src/index.ts'

interface Message {
  readonly id?: number
  readonly text: string
}

/** A message as JSON in each line. */
const messages = definePlugin<Uint8Array, Message, Message, Uint8Array, Record<never, never>, Record<never, never>, 'message'>({
  name: 'messages',
  produces: 'message',
  open: () => {
    let rest = ''
    return {
      inbound: {
        push(chunk: Uint8Array, emit: Emit<Message>) {
          const lines = (rest + String(Buffer.from(chunk))).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) emit(JSON.parse(line) as Message)
        },
      },
      outbound: { push: (message: Message, emit: Emit<Uint8Array>) => emit(Buffer.from(`${JSON.stringify(message)}\n`)) },
    }
  },
})

interface Peers {
  readonly calls: RequestReply<Message, Message>
  readonly connection: MessageConnection<Message, Message>
  readonly server: MessageConnection<Message, Message>
  readonly clock: VirtualClock
  /** What the server was asked. */
  readonly asked: Message[]
}

const over = (connection: Connection): MessageConnection<Message, Message> =>
  runClient(connection as never, buildClientPipeline(pipeline(messages())), {
    highWaterMark: 65_536,
    maxPushBytes: 65_536,
  }) as unknown as MessageConnection<Message, Message>

function peers(options: Partial<RequestReplyOptions<Message, Message, number>> = {}): Peers {
  const [client, remote] = connectionPair()
  const clock = new VirtualClock()
  const asked: Message[] = []
  const server = over(remote)
  server.data$.subscribe({ next: (message) => void asked.push(message), error: () => {} })
  const calls = requestReply<Message, Message, number>({
    idOf: ({ id }) => id,
    withId: (message, id) => ({ ...message, id }),
    clock,
    ...options,
  })
  return { calls, connection: over(client), server, clock, asked }
}

const failure = async (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, (error: unknown) => error)

describe('requestReply', () => {
  test('gives each request its own answer, in whatever order they come', async () => {
    const { calls, connection, server, clock, asked } = peers()
    const answers = ['a', 'b', 'c'].map(async (text) => calls.request(connection, { text }))
    await vi.waitFor(() => expect(asked).toHaveLength(3))
    expect([calls.inFlight(connection), clock.pending]).toEqual([3, 3])
    for (const { id, text } of asked.toReversed()) server.write({ id: id ?? 0, text: text.toUpperCase() })
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['A', 'B', 'C'])
    expect([calls.inFlight(connection), clock.pending, calls.unmatched]).toEqual([0, 0, 0])
    connection.abort()
  })

  test('rejects what is not answered in time, and counts the late answer', async () => {
    const { calls, connection, server, clock, asked } = peers({ timeout: 100 })
    const [slow, slower] = [calls.request(connection, { text: 'a' }), calls.request(connection, { text: 'b' }, { timeout: 200 })]
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    const error = failure(slow)
    clock.advance(100)
    expect(await error).toBeInstanceOf(RequestTimeoutError)
    expect(await error).toMatchObject({ timeout: 100 })
    for (const { id } of asked) server.write({ id: id ?? 0, text: 'late' })
    expect((await slower).text).toBe('late')
    expect([calls.unmatched, connection.status]).toEqual([1, 'open'])
    connection.abort()
  })

  test('sends nothing over maxInFlight', async () => {
    const { calls, connection, asked } = peers({ maxInFlight: 2 })
    const waiting = [1, 2].map((id) => failure(calls.request(connection, { text: String(id) })))
    expect(await failure(calls.request(connection, { text: '3' }))).toMatchObject({ constructor: RequestLimitError, limit: 2 })
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    connection.abort()
    await Promise.all(waiting)
  })

  test('uses no id twice at once, and says so where there is none left', async () => {
    let next = 0
    const { calls, connection, asked } = peers({ nextId: () => (next = (next + 1) % 2) })
    const waiting = [1, 2].map((id) => failure(calls.request(connection, { text: String(id) })))
    await vi.waitFor(() => expect(asked.map(({ id }) => id)).toEqual([1, 0]))
    expect(await failure(calls.request(connection, { text: '3' }))).toBeInstanceOf(RequestLimitError)
    connection.abort()
    await Promise.all(waiting)
  })

  test('ends with its signal, before and while it waits', async () => {
    const { calls, connection, clock } = peers()
    expect(await failure(calls.request(connection, { text: 'a' }, { signal: AbortSignal.abort('no') }))).toBe('no')
    const controller = new AbortController()
    const waiting = failure(calls.request(connection, { text: 'a' }, { signal: controller.signal }))
    await vi.waitFor(() => expect(clock.pending).toBe(1))
    controller.abort('enough')
    expect(await waiting).toBe('enough')
    expect([calls.inFlight(connection), clock.pending]).toEqual([0, 0])
    connection.abort()
  })

  test('ends with its connection, however that ends, and leaves no timer', async () => {
    const reset = new RangeError('reset')
    const ends: readonly [(p: Peers) => unknown, unknown][] = [
      [({ connection }) => connection.abort(reset), reset],
      [({ connection }) => connection.close(), expect.any(ConnectionClosedError)],
      [({ server }) => server.close(), expect.any(ConnectionClosedError)],
    ]
    for (const [end, expected] of ends) {
      const all = peers()
      const waiting = failure(all.calls.request(all.connection, { text: 'a' }))
      await vi.waitFor(() => expect(all.asked).toHaveLength(1))
      end(all)
      expect(await waiting).toEqual(expected)
      expect([all.calls.inFlight(all.connection), all.clock.pending]).toEqual([0, 0])
      expect(await failure(all.calls.request(all.connection, { text: 'b' }))).toBeInstanceOf(Error)
      all.connection.abort()
    }
  })

  test('gives what answers nothing to onMessage', async () => {
    const other: Message[] = []
    const { calls, connection, server, asked } = peers({ onMessage: (message) => void other.push(message) })
    const answer = calls.request(connection, { text: 'a' })
    await vi.waitFor(() => expect(asked).toHaveLength(1))
    server.write({ text: 'news' })
    server.write({ id: 99, text: 'nobody asked' })
    server.write({ id: asked[0]?.id ?? 0, text: 'A' })
    expect((await answer).text).toBe('A')
    expect([other.map(({ text }) => text), calls.unmatched]).toEqual([['news', 'nobody asked'], 2])
    connection.abort()
  })

  test('does not take a connection that has a reader', async () => {
    const { calls, connection } = peers()
    const reader = connection[Symbol.asyncIterator]()
    const read = failure(Promise.resolve(reader.next()))
    expect(await failure(calls.request(connection, { text: 'a' }))).toBeInstanceOf(ConnectionBusyError)
    expect(calls.inFlight(connection)).toBe(0)
    connection.abort()
    await read
  })

  test('ends a connection whose messages it cannot read, and a request that cannot be made', async () => {
    const broken = new RangeError('no id')
    const { calls, connection, server, asked } = peers({ idOf: () => { throw broken } })
    const waiting = failure(calls.request(connection, { text: 'a' }))
    await vi.waitFor(() => expect(asked).toHaveLength(1))
    server.write({ text: 'x' })
    expect(await waiting).toBe(broken)
    const other = peers({ withId: () => { throw broken } })
    expect(await failure(other.calls.request(other.connection, { text: 'a' }))).toBe(broken)
    other.connection.abort()
  })

  test.each<[unknown]>([[{}], [{ idOf: () => 1 }], [{ idOf: 1, withId: 2 }], [{ idOf: () => 1, withId: () => 1, timeout: 0 }], [null]])(
    'refuses %j',
    async (options) => {
      expect(() => requestReply(options as never)).toThrow(InvalidOptionError)
      const { calls, connection } = peers()
      await expect(calls.request(connection, { text: 'a' }, { timeout: -1 })).rejects.toThrow(InvalidOptionError)
      connection.abort()
    },
  )
})
