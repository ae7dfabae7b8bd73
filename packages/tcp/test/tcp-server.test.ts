import { once } from 'node:events'
import {
  CLOCK,
  createContainer,
  definePlugin,
  IdleTimeoutError,
  InvalidOptionError,
  InvalidPipelineError,
  ListenError,
  pipeline,
  respond,
  ServerStateError,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { createTcpServer } from '../src/index.ts'
import { connectRaw, openSockets, pattern, received, socketResources } from './loopback.ts'
import { eventsOf, expectNothingLeft, kept } from './support.ts'

const MIB = 1024 * 1024
expectNothingLeft()

const echoing = pipeline(respond<Uint8Array, Uint8Array>((chunk) => chunk))

describe('.listen', () => {
  test('listens on a port of 127.0.0.1 that the system chooses, unless told otherwise', async () => {
    const server = kept(createTcpServer(echoing))
    expect(server.status).toBe('new')
    expect(await server.listen()).toBe(server)
    expect(server.address).toEqual({ address: '127.0.0.1', port: expect.any(Number), family: 'IPv4' })
    expect(server.status).toBe('listening')
  })

  test('listens on IPv6', async () => {
    const server = await kept(createTcpServer(echoing)).listen({ host: '::1' })
    expect(server.address).toMatchObject({ address: '::1', family: 'IPv6' })
    const client = await connectRaw(server.address)
    client.end('six')
    expect((await received(client)).bytes.toString()).toBe('six')
  })

  test('reports a port in use, and can then listen on another', async () => {
    const first = await kept(createTcpServer(echoing)).listen()
    const second = kept(createTcpServer(echoing))
    const port = first.address?.port as number
    const error = await second.listen({ port }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({
      code: 'MILLRACE_ERR_LISTEN_FAILED',
      address: `tcp 127.0.0.1:${port}`,
      cause: { code: 'EADDRINUSE' },
    })
    await second.listen()
    expect(second.address?.port).not.toBe(port)
  })

  test('reports a name that cannot be looked up', async () => {
    const server = kept(createTcpServer(echoing))
    await expect(server.listen({ host: 'no-such-host.invalid' })).rejects.toBeInstanceOf(ListenError)
  })

  test('refuses a second call', async () => {
    const server = await kept(createTcpServer(echoing)).listen()
    await expect(server.listen()).rejects.toBeInstanceOf(ServerStateError)
  })

  test('gives up at once with the reason of its signal, and nothing listens', async () => {
    const reason = new Error('changed my mind')
    const server = kept(createTcpServer(echoing))
    await expect(server.listen({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const listening = server.listen({ host: 'localhost', signal: controller.signal })
    controller.abort(reason)
    await expect(listening).rejects.toBe(reason)
    // The look-up goes on in the background; afterEach sees to it that no server comes of it.
    await vi.waitFor(() => expect(process.getActiveResourcesInfo()).not.toContain('GetAddrInfoReqWrap'))
  })

  test('pays no heed to its signal once it listens', async () => {
    const controller = new AbortController()
    const server = await kept(createTcpServer(echoing)).listen({ signal: controller.signal })
    controller.abort()
    const client = await connectRaw(server.address)
    client.end('still')
    expect((await received(client)).bytes.toString()).toBe('still')
  })

  test('is ended by close while it is under way', async () => {
    const server = kept(createTcpServer(echoing))
    const listening = server.listen({ host: 'localhost' }).catch((error: unknown) => error)
    await server.close()
    expect(await listening).toBeInstanceOf(ListenError)
    expect(server.status).toBe('closed')
  })
})

describe('with a pipeline', () => {
  const sizes = [1, 1_000, 8 * MIB]

  test.each(sizes)('answers all of %i bytes to a client that half-closes and then reads', async (size) => {
    const server = await kept(createTcpServer(echoing, { highWaterMark: 16 * MIB })).listen()
    const client = await connectRaw(server.address)
    const sent = pattern(size)
    client.end(sent)
    await once(client, 'finish')
    const { bytes, end } = await received(client)
    expect(end).toBe('end')
    expect(bytes.equals(sent)).toBe(true)
    await vi.waitFor(() => expect(server.connections.size).toBe(0))
    expect(server.counters).toMatchObject({ accepted: 1, failed: 0 })
  })

  test('writes to its connections pass the encoders', async () => {
    const exclaim = definePlugin({
      name: 'exclaim',
      produces: 'message',
      open: () => ({
        inbound: { push: (chunk: Uint8Array, emit: (text: string) => void) => emit(Buffer.from(chunk).toString()) },
        outbound: { push: (text: string, emit: (chunk: Uint8Array) => void) => emit(Buffer.from(`${text}!`)) },
      }),
    })
    const server = await kept(createTcpServer(pipeline(exclaim(), respond<string, string>((text) => text)))).listen()
    const client = await connectRaw(server.address)
    await vi.waitFor(() => expect(server.connections.size).toBe(1))
    for (const connection of server.connections) connection.write('news')
    const [chunk] = (await once(client, 'data')) as [Buffer]
    expect(chunk.toString()).toBe('news!')
  })

  test('goes on after connections that are reset in every phase', async () => {
    const server = await kept(createTcpServer(echoing)).listen()
    const phases = [0, 1, 2, 3] as const
    for (let round = 0; round < 50; round++) {
      await Promise.all(phases.map(async (phase) => {
        const client = await connectRaw(server.address)
        client.on('error', () => {})
        if (phase > 0) client.write(pattern(phase === 2 ? MIB : 10))
        if (phase === 2) client.end()
        if (phase === 3) await once(client, 'data')
        // Once it has ended, Node can only close a socket; that resets too, with the echo unread.
        if (phase === 2) client.destroy()
        else client.resetAndDestroy()
      }))
    }
    const client = await connectRaw(server.address)
    client.end('alive')
    expect((await received(client)).bytes.toString()).toBe('alive')
    await vi.waitFor(() => expect(server.connections.size).toBe(0))
    const { accepted, failed } = server.counters
    expect(accepted).toBeGreaterThan(150)
    expect(failed).toBeLessThan(accepted)
  })

  test('needs a handler at its end', () => {
    expect(() => createTcpServer(pipeline() as never)).toThrow(InvalidPipelineError)
    expect(() => createTcpServer({ maxConnections: 3 } as never)).toThrow(InvalidPipelineError)
  })
})

describe('without a pipeline', () => {
  test('is the sequence of its connections', async () => {
    const server = await kept(createTcpServer()).listen()
    const client = await connectRaw(server.address)
    client.end('hello')
    for await (const connection of server) {
      expect(connection.transport).toBe('tcp')
      expect(connection.remoteAddress).toEqual({ address: '127.0.0.1', port: client.localPort, family: 'IPv4' })
      expect(connection.localAddress).toEqual(server.address)
      await connection.sink(connection.source)
      break
    }
    expect((await received(client)).bytes.toString()).toBe('hello')
  })

  test('tells each connection its own local address where it listens on all of them', async () => {
    const server = await kept(createTcpServer()).listen({ host: '0.0.0.0' })
    const seen = new Promise((resolve) => server.connections$.subscribe(({ localAddress }) => resolve(localAddress)))
    const port = server.address?.port as number
    await connectRaw({ address: '127.0.0.1', port, family: 'IPv4' })
    expect(await seen).toEqual({ address: '127.0.0.1', port, family: 'IPv4' })
  })
})

describe('refuses', () => {
  test('one connection more than maxConnections, with a FIN, an event and a count', async () => {
    const server = await kept(createTcpServer(echoing, { maxConnections: 2 })).listen()
    const refused = eventsOf(server, 'connection-refused')
    const served = [await connectRaw(server.address), await connectRaw(server.address)]
    await vi.waitFor(() => expect(server.connections.size).toBe(2))
    const third = await connectRaw(server.address)
    third.write('let me in')
    expect(await received(third)).toMatchObject({ end: 'end', bytes: { length: 0 } })
    expect(refused).toEqual([
      expect.objectContaining({
        reason: 'maxConnections',
        transport: 'tcp',
        remoteAddress: { address: '127.0.0.1', port: third.localPort, family: 'IPv4' },
      }),
    ])
    expect(server.counters).toMatchObject({ accepted: 2, refused: 1, refusedFor: { maxConnections: 1 } })
    served[0]?.end('me')
    expect((await received(served[0] as never)).bytes.toString()).toBe('me')
  })

  test('one connection more than maxConnectionsPerAddress', async () => {
    const server = await kept(createTcpServer(echoing, { maxConnectionsPerAddress: 1 })).listen()
    await connectRaw(server.address)
    await vi.waitFor(() => expect(server.connections.size).toBe(1))
    expect((await received(await connectRaw(server.address))).end).toBe('end')
    expect(server.counters.refusedFor).toEqual({ maxConnectionsPerAddress: 1 })
  })

  test('a flood of connections without keeping them', async () => {
    const clock = new VirtualClock()
    const container = createContainer().register(CLOCK, { useValue: clock })
    const server = await kept(createTcpServer(echoing, { maxConnections: 1, container })).listen()
    await connectRaw(server.address)
    await vi.waitFor(() => expect(server.connections.size).toBe(1))
    // Beside them, the socket of a native server that listens.
    let sockets = openSockets()
    for (let flood = 1; flood <= 2; flood++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => connectRaw(server.address)))
      for (const client of clients) expect(['end', 'ECONNRESET']).toContain((await received(client)).end)
      expect(server.counters.refusedFor).toEqual({ maxConnections: 100 * flood })
      // The clients' ends stay open. The clock stands still, so those of ours that may linger do: 64 of them.
      sockets += 100
      await vi.waitFor(() => expect(openSockets()).toBe(sockets + 64))
      clock.advance(5_000)
      await vi.waitFor(() => expect(openSockets()).toBe(sockets))
    }
  })
})

test('idleTimeout closes a silent connection', async () => {
  const clock = new VirtualClock()
  const container = createContainer().register(CLOCK, { useValue: clock })
  const server = await kept(createTcpServer(echoing, { container, idleTimeout: 1_000 })).listen()
  const closed = eventsOf(server, 'connection-closed')
  const client = await connectRaw(server.address)
  await vi.waitFor(() => expect(server.connections.size).toBe(1))
  clock.advance(1_000)
  client.end()
  expect((await received(client)).end).toBe('end')
  await vi.waitFor(() => expect(closed).toHaveLength(1))
  expect(closed[0]?.error).toBeInstanceOf(IdleTimeoutError)
})

test('writeTimeout resets a client that does not read', async () => {
  const clock = new VirtualClock()
  const container = createContainer().register(CLOCK, { useValue: clock })
  const server = await kept(createTcpServer(echoing, { container, idleTimeout: 0, writeTimeout: 1_000 })).listen()
  const closed = eventsOf(server, 'connection-closed')
  const client = await connectRaw(server.address)
  client.on('error', () => {}).write(pattern(32 * MIB))
  await vi.waitFor(() => {
    clock.advance(100)
    expect(closed).toHaveLength(1)
  }, { timeout: 10_000 })
  expect(closed[0]?.error).toMatchObject({ code: 'MILLRACE_ERR_WRITE_TIMEOUT', timeout: 1_000 })
})

test.each([false, true])('a client that takes nothing of the last words of a connection that was idle is cut off (abort: %j)', async (aborts) => {
  const clock = new VirtualClock()
  const container = createContainer().register(CLOCK, { useValue: clock })
  const server = await kept(createTcpServer(undefined, { container, idleTimeout: 1_000, writeTimeout: 2_000 })).listen()
  const closed = eventsOf(server, 'connection-closed')
  const client = await connectRaw(server.address)
  const { value: connection } = await server[Symbol.asyncIterator]().next()
  connection?.write(pattern(32 * MIB))
  await vi.waitFor(() => expect(connection?.bytesWritten).toBe(32 * MIB))
  clock.advance(1_000)
  expect(connection?.status).toBe('closing')
  if (aborts) server.abort()
  else clock.advance(2_200)
  await vi.waitFor(() => expect(closed).toHaveLength(1))
  expect(closed[0]?.error).toBeInstanceOf(IdleTimeoutError)
  client.destroy()
})

describe('.close', () => {
  test('refuses newcomers, lets work finish and leaves nothing behind', async () => {
    const server = kept(createTcpServer(echoing))
    await server.listen()
    const address = server.address
    const working = await connectRaw(address)
    const sent = pattern(8 * MIB)
    working.write(sent.subarray(0, MIB))
    await once(working, 'readable')
    const closing = server.close()
    const late = await connectRaw(address).catch((error: unknown) => error)
    expect(late).toMatchObject({ code: 'ECONNREFUSED' })
    working.end(sent.subarray(MIB))
    expect((await received(working)).bytes.equals(sent)).toBe(true)
    await closing
    await vi.waitFor(() => expect(socketResources()).toEqual({}))
    expect(await server.closed).toEqual({ cutOff: 0 })
  })

  test('may come before listening', async () => {
    const server = createTcpServer(echoing)
    await server.close()
    expect(server.status).toBe('closed')
    await expect(server.listen()).rejects.toBeInstanceOf(ServerStateError)
  })
})

describe('options', () => {
  test.each([
    [{ maxConnections: 0 }, 'createTcpServer.maxConnections'],
    [{ noDelay: 'yes' }, 'createTcpServer.noDelay'],
    [{ keepAliveInitialDelay: -1 }, 'createTcpServer.keepAliveInitialDelay'],
    [{ maxConections: 3 }, 'createTcpServer.maxConections'],
    [{ container: {} }, 'createTcpServer.container'],
    [{ pauseOnConnect: true }, 'createTcpServer.pauseOnConnect'],
  ])('%o are refused when the server is made', (options, option) => {
    expect(() => createTcpServer(echoing, options as never)).toThrow(InvalidOptionError)
    expect(() => createTcpServer(echoing, options as never)).toThrow(expect.objectContaining({ option }))
  })
})
