import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import {
  CLOCK,
  ConnectError,
  type Connection,
  createContainer,
  definePlugin,
  InvalidOptionError,
  pipeline,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { reconnectTcp, type TcpReconnectOptions } from '../src/index.ts'
import { tracked } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

expectNothingLeft()

const raw: Server[] = []

afterEach(() => {
  for (const server of raw.splice(0)) server.close()
})

/** A server whose connections a test can end; `stop` and `start` make it refuse and accept. */
async function flakyServer() {
  const sockets: Socket[] = []
  let server: Server
  const start = async (port: number): Promise<number> => {
    server = createServer((socket) => sockets.push(tracked(socket.on('error', () => {}).resume())))
    raw.push(server)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as { port: number }).port
  }
  const port = await start(0)
  const stop = () => new Promise((resolve) => server.close(resolve))
  return { port, sockets, stop, start: () => start(port) }
}

function withClock(options: TcpReconnectOptions) {
  const clock = new VirtualClock()
  const container = createContainer().register(CLOCK, { useValue: clock })
  // No timer but the waits.
  const quiet = { idleTimeout: 0, writeTimeout: 0, connectTimeout: 0 }
  return { clock, options: { ...quiet, container, random: () => 1, ...options } }
}

/** Holds a connection as its user would: reads it, and closes it when the peer has ended. */
function hold<C extends Pick<Connection, 'data$' | 'close'>>(connection: C | undefined): C {
  if (connection === undefined) throw new Error('there is no connection')
  connection.data$.subscribe({ complete: () => void connection.close(), error: () => {} })
  return connection
}

/** The next result, once the clock has been waited for and moved on as often as needed; gives the waits too. */
async function nextAfterWaits(clock: VirtualClock, next: Promise<IteratorResult<Pick<Connection, 'data$' | 'close'>>>) {
  const waits: number[] = []
  let settled = false
  next.then(({ value }) => hold(value)).catch(() => {}).finally(() => (settled = true))
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve))
    if (clock.pending === 0) continue
    const from = clock.now()
    clock.runAll()
    waits.push(clock.now() - from)
  }
  return waits
}

const end = async (socket: Socket | undefined): Promise<void> => {
  if (socket === undefined) throw new Error('no such connection')
  socket.end()
  await once(socket, 'close')
}

describe('reconnectTcp', () => {
  test('does nothing until it is iterated', async () => {
    const { port, sockets } = await flakyServer()
    reconnectTcp({ port })
    const probe = reconnectTcp({ port })[Symbol.asyncIterator]()
    const { value } = await probe.next()
    await vi.waitFor(() => expect(sockets).toHaveLength(1))
    await value?.close()
    await probe.return?.()
  })

  test('gives the next connection when the one before has gone, after a wait', async () => {
    const { port, sockets } = await flakyServer()
    const { clock, options } = withClock({ port, initialDelay: 100, maxDelay: 1_000 })
    const connections = reconnectTcp(options)[Symbol.asyncIterator]()
    const first = await connections.next()
    const second = connections.next()
    hold(first.value)
    await vi.waitFor(() => expect(sockets).toHaveLength(1))
    expect(clock.pending).toBe(0)
    await end(sockets[0])
    expect(await nextAfterWaits(clock, second)).toEqual([100])
    expect((await second).value).not.toBe(first.value)
    expect((await second).value?.status).toBe('open')
    await (await second).value?.close()
    expect(await connections.return?.()).toEqual({ done: true, value: undefined })
    expect(await connections.next()).toEqual({ done: true, value: undefined })
  })

  test('doubles the longest wait up to maxDelay, and gives up after maxAttempts', async () => {
    const { port, stop } = await flakyServer()
    await stop()
    const { clock, options } = withClock({ port, initialDelay: 100, maxDelay: 500, maxAttempts: 6 })
    const next = reconnectTcp(options)[Symbol.asyncIterator]().next()
    expect(await nextAfterWaits(clock, next)).toEqual([100, 200, 400, 500, 500])
    await expect(next).rejects.toBeInstanceOf(ConnectError)
    await expect(next).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })

  test('waits for a random part of it', async () => {
    const { port, stop } = await flakyServer()
    await stop()
    const parts = [0, 0.5, 0.25, 0.999]
    const random = () => parts.shift() as number
    const { clock, options } = withClock({ port, initialDelay: 100, maxAttempts: 5, random })
    const next = reconnectTcp(options)[Symbol.asyncIterator]().next()
    expect(await nextAfterWaits(clock, next)).toEqual([0, 100, 100, 799])
    await expect(next).rejects.toBeInstanceOf(ConnectError)
  })

  test('counts failures in a row only, and connects when the server is back', async () => {
    const { port, stop, start, sockets } = await flakyServer()
    const { clock, options } = withClock({ port, initialDelay: 100, maxAttempts: 2 })
    const connections = reconnectTcp(options)[Symbol.asyncIterator]()
    for (let round = 0; round < 3; round++) {
      const next = connections.next()
      await nextAfterWaits(clock, next)
      await vi.waitFor(() => expect(sockets).toHaveLength(round + 1))
      const stopped = stop()
      await end(sockets[round])
      await stopped
      const failing = connections.next()
      // The first attempt fails; the server is back for the second.
      await vi.waitFor(() => expect(clock.pending).toBe(1))
      clock.runAll()
      await vi.waitFor(() => expect(clock.pending).toBe(1))
      await start()
      await nextAfterWaits(clock, failing)
      await vi.waitFor(() => expect(sockets).toHaveLength(round + 2))
      await end(sockets.pop())
    }
    await connections.return?.()
  })

  test('starts the wait over only after a connection that lived for resetAfter', async () => {
    const { port, sockets } = await flakyServer()
    const { clock, options } = withClock({ port, initialDelay: 100, resetAfter: 5_000 })
    const connections = reconnectTcp(options)[Symbol.asyncIterator]()
    let current = hold((await connections.next()).value)
    const lives = [0, 4_999, 5_000, 1]
    const waits: number[] = []
    for (const life of lives) {
      await vi.waitFor(() => expect(sockets).toHaveLength(1))
      clock.advance(life)
      await end(sockets.pop())
      await current.closed
      // What passes before the next one is asked for is no part of its life.
      clock.advance(60_000)
      const next = connections.next()
      waits.push(...(await nextAfterWaits(clock, next)))
      current = (await next).value as Connection
    }
    expect(waits).toEqual([100, 200, 100, 200])
    await connections.return?.()
  })

  test('runs the pipeline on each connection, built once and disposed of at the end', async () => {
    const { port, sockets } = await flakyServer()
    const built = vi.fn<() => void>()
    const dispose = vi.fn<() => void>()
    const plugin = definePlugin({ name: 'counted', open: () => (built(), {}), dispose })
    const { clock, options } = withClock({ port })
    const connections = reconnectTcp(options, pipeline(plugin()))[Symbol.asyncIterator]()
    for (let round = 1; round <= 2; round++) {
      await nextAfterWaits(clock, connections.next())
      await vi.waitFor(() => expect(sockets).toHaveLength(1))
      expect(built).toHaveBeenCalledTimes(round)
      await end(sockets.pop())
    }
    expect(dispose).not.toHaveBeenCalled()
    await connections.return?.()
    await vi.waitFor(() => expect(dispose).toHaveBeenCalledTimes(1))
  })
})

describe('ends at once', () => {
  const phases = ['a wait', 'a connection that lives', 'nothing yet']

  test.each(phases)('with the reason of its signal, during %s', async (during) => {
    const { port, stop, sockets } = await flakyServer()
    const controller = new AbortController()
    const reason = new Error('enough')
    const { clock, options } = withClock({ port, signal: controller.signal })
    const connections = reconnectTcp(options)[Symbol.asyncIterator]()
    if (during === 'a wait') await stop()
    if (during === 'a connection that lives') hold((await connections.next()).value)
    if (during === 'nothing yet') controller.abort(reason)
    const next = connections.next()
    if (during === 'a wait') await vi.waitFor(() => expect(clock.pending).toBe(1))
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
    expect(clock.pending).toBe(0)
    expect(await connections.next()).toEqual({ done: true, value: undefined })
    await vi.waitFor(() => expect(sockets).toHaveLength(during === 'a connection that lives' ? 1 : 0))
    for (const socket of sockets) expect(socket.destroyed).toBe(false)
  })

  test('when the iteration is left, and leaves the connection to its holder', async () => {
    const { port, sockets } = await flakyServer()
    const { options } = withClock({ port })
    const connections = reconnectTcp(options)[Symbol.asyncIterator]()
    const { value: connection } = await connections.next()
    const pending = connections.next()
    // By now it waits for the connection to go.
    await new Promise((resolve) => setImmediate(resolve))
    expect(await connections.return?.()).toEqual({ done: true, value: undefined })
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(connection?.status).toBe('open')
    await connection?.close()
    expect(sockets).toHaveLength(1)
  })
})

describe('.connections$', () => {
  test('emits each connection, and no more once unsubscribed', async () => {
    const { port, sockets } = await flakyServer()
    const { clock, options } = withClock({ port })
    const seen: Connection[] = []
    const subscription = reconnectTcp(options).connections$.subscribe((connection) => seen.push(hold(connection)))
    for (let round = 1; round <= 3; round++) {
      await vi.waitFor(() => {
        clock.runAll()
        expect(seen).toHaveLength(round)
        expect(sockets).toHaveLength(1)
      })
      await end(sockets.pop())
    }
    await vi.waitFor(() => expect(clock.pending).toBe(1))
    subscription.unsubscribe()
    await vi.waitFor(() => expect(clock.pending).toBe(0))
    expect(seen).toHaveLength(3)
  })

  test('leaves no connection behind that nobody holds, whenever it is unsubscribed', async () => {
    const { port, sockets } = await flakyServer()
    let looks = 0
    // Until it came about before the clock was looked at so often.
    for (let at = 1; looks >= at - 1; at++) {
      const { clock, options } = withClock({ port })
      const held: Connection[] = []
      // The clock is looked at on the way, at last when the connection has come about.
      looks = 0
      clock.now = () => {
        if (++looks === at) subscription.unsubscribe()
        return 0
      }
      const subscription = reconnectTcp(options).connections$.subscribe((connection) => held.push(connection))
      await vi.waitFor(() => expect(sockets).toHaveLength(1))
      await vi.waitFor(() => expect(subscription.closed || held.length > 0).toBe(true))
      subscription.unsubscribe()
      const socket = sockets.pop() as Socket
      if (held.length === 0) await vi.waitFor(() => expect(socket.closed).toBe(true))
      for (const connection of held) connection.abort()
    }
  })

  test('errors with the last failure when it gives up', async () => {
    const { port, stop } = await flakyServer()
    await stop()
    const { options } = withClock({ port, maxAttempts: 1 })
    const error = await new Promise((resolve) => reconnectTcp(options).connections$.subscribe({ error: resolve }))
    expect(error).toBeInstanceOf(ConnectError)
  })
})

test.each([
  [{}, 'reconnectTcp.port'],
  [{ port: 7, initialDelay: 0 }, 'reconnectTcp.initialDelay'],
  [{ port: 7, maxAttempts: 0 }, 'reconnectTcp.maxAttempts'],
  [{ port: 7, random: 4 }, 'reconnectTcp.random'],
  [{ port: 7, delay: 4 }, 'reconnectTcp.delay'],
])('options %o are refused at once', (options, option) => {
  expect(() => reconnectTcp(options as never)).toThrow(InvalidOptionError)
  expect(() => reconnectTcp(options as never)).toThrow(expect.objectContaining({ option }))
})
