import { once } from 'node:events'
import { createServer, type LookupFunction, type Server, type Socket } from 'node:net'
import {
  CLOCK,
  ConnectError,
  ConnectionResetError,
  ConnectTimeoutError,
  createContainer,
  definePlugin,
  InvalidOptionError,
  InvalidPipelineError,
  pipeline,
  PluginBuildError,
  respond,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { connectTcp, createTcpServer } from '../src/index.ts'
import { pattern, socketResources, tracked } from './loopback.ts'
import { expectNothingLeft, kept } from './support.ts'

expectNothingLeft()

const echoing = pipeline(respond<Uint8Array, Uint8Array>((chunk) => chunk))
const raw: Server[] = []

afterEach(() => {
  for (const server of raw.splice(0)) server.close()
})

async function echoServer(): Promise<number> {
  const server = await kept(createTcpServer(echoing)).listen()
  return server.address?.port as number
}

/** A plain server; gives its port and its first connection. */
async function plainServer(): Promise<{ port: number; accepted: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true })
  raw.push(server)
  const accepted = once(server, 'connection').then(([socket]) => tracked(socket as Socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as { port: number }).port, accepted }
}

/** A look-up that never comes back. */
const lookupForEver: LookupFunction = () => {}

describe('connectTcp', () => {
  test('gives a connection of bytes', async () => {
    const port = await echoServer()
    const connection = await connectTcp({ port })
    expect(connection).toMatchObject({
      transport: 'tcp',
      status: 'open',
      remoteAddress: { address: '127.0.0.1', port, family: 'IPv4' },
      localAddress: { address: '127.0.0.1', port: expect.any(Number) },
    })
    const sent = pattern(3 * 1024 * 1024)
    connection.write(sent)
    await connection.closeWrite()
    const chunks: Uint8Array[] = []
    for await (const chunk of connection) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    expect(await connection.closed).toEqual({ initiator: 'local' })
  })

  test('with a pipeline gives a connection of messages', async () => {
    const text = definePlugin({
      name: 'text',
      produces: 'message',
      open: () => ({
        inbound: { push: (chunk: Uint8Array, emit: (message: string) => void) => emit(Buffer.from(chunk).toString()) },
        outbound: { push: (message: string, emit: (chunk: Uint8Array) => void) => emit(Buffer.from(message)) },
      }),
    })
    const connection = await connectTcp({ port: await echoServer() }, pipeline(text()))
    connection.write('hello')
    for await (const message of connection) {
      expect(message).toBe('hello')
      break
    }
    await connection.close()
  })

  test('looks a name up, and tries its other addresses where one refuses', async () => {
    const port = await echoServer()
    const lookup: LookupFunction = (_host, _options, callback) => {
      callback(null, [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }])
    }
    const connection = await connectTcp({ host: 'server.test', port, lookup })
    expect(connection.remoteAddress.address).toBe('127.0.0.1')
    await connection.close()
  })

  test.each([[[]], [undefined], [null]])('takes a look-up that names no address (%j) for one that failed, at once or later', async (none) => {
    const port = await echoServer()
    for (const defer of [setImmediate, (callback: () => void) => callback()]) {
      const lookup: LookupFunction = (_host, _options, callback) => {
        defer(() => callback(null, none as never))
      }
      for (const autoSelectFamily of [true, false]) {
        const error = await connectTcp({ host: 'server.test', port, lookup, autoSelectFamily }).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'MILLRACE_ERR_CONNECT_FAILED', cause: { code: 'ENOTFOUND' } })
      }
    }
  })

  test.each(['somewhere', '', '127.0.0.1:80'])('refuses "%s" as its local address', async (localAddress) => {
    const port = await echoServer()
    const expected = { code: 'MILLRACE_ERR_INVALID_OPTION', option: 'connectTcp.localAddress' }
    await expect(connectTcp({ port, localAddress })).rejects.toMatchObject(expected)
  })

  test('connects from the local address it is told', async () => {
    const connection = await connectTcp({ port: await echoServer(), localAddress: '127.0.0.2' })
    expect(connection.localAddress.address).toBe('127.0.0.2')
    await connection.close()
  })

  test('rejects with ConnectError and the cause where nobody listens', async () => {
    const { port } = await plainServer()
    for (const server of raw.splice(0)) await new Promise((resolve) => server.close(resolve))
    const error = await connectTcp({ port }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      code: 'MILLRACE_ERR_CONNECT_FAILED',
      address: `127.0.0.1:${port}`,
      cause: { code: 'ECONNREFUSED' },
    })
  })

  test('rejects with ConnectError where there is no such socket', async () => {
    const error = await connectTcp({ path: '/nonexistent/socket' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ address: '/nonexistent/socket', cause: { code: 'ENOENT' } })
  })

  test('rejects with ConnectTimeoutError after connectTimeout, and keeps no socket', async () => {
    const clock = new VirtualClock()
    const container = createContainer().register(CLOCK, { useValue: clock })
    const connecting = connectTcp({ host: 'slow.test', port: 7, lookup: lookupForEver, connectTimeout: 500, container })
    const failed = connecting.catch((thrown: unknown) => thrown)
    await vi.waitFor(() => expect(clock.pending).toBe(1))
    clock.advance(500)
    const error = await failed
    expect(error).toBeInstanceOf(ConnectTimeoutError)
    expect(error).toMatchObject({ code: 'MILLRACE_ERR_CONNECT_TIMEOUT', address: 'slow.test:7', timeout: 500 })
    expect(clock.pending).toBe(0)
  })

  test('leaves no timer behind once it is connected', async () => {
    const clock = new VirtualClock()
    const container = createContainer().register(CLOCK, { useValue: clock })
    const connection = await connectTcp({ port: await echoServer(), container, idleTimeout: 0 })
    expect(clock.pending).toBe(0)
    await connection.close()
  })

  test('settles at once with the reason of its signal', async () => {
    const reason = new Error('enough')
    await expect(connectTcp({ port: 7, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const connecting = connectTcp({ host: 'slow.test', port: 7, lookup: lookupForEver, signal: controller.signal })
    controller.abort(reason)
    await expect(connecting).rejects.toBe(reason)
  })

  test('pays no heed to its signal once it is connected', async () => {
    const controller = new AbortController()
    const connection = await connectTcp({ port: await echoServer(), signal: controller.signal })
    controller.abort()
    connection.write(pattern(1))
    for await (const chunk of connection) {
      expect(chunk).toHaveLength(1)
      break
    }
    await connection.close()
  })

  test('reports a peer that resets as the end of the connection, and of its reader, by the same error', async () => {
    const { port, accepted } = await plainServer()
    const connection = await connectTcp({ port })
    const seen = vi.fn<(error: unknown) => void>()
    connection.data$.subscribe({ error: seen })
    ;(await accepted).resetAndDestroy()
    const { error, initiator } = await connection.closed
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(error).toMatchObject({ cause: { code: 'ECONNRESET' }, remoteAddress: { port } })
    expect(initiator).toBe('remote')
    expect(seen.mock.calls).toEqual([[error]])
  })

  test('fails, one way or the other, and crashes nothing where the peer resets while it connects', async () => {
    for (let round = 0; round < 20; round++) {
      const { port, accepted } = await plainServer()
      const connecting = connectTcp({ port }).then(async (connection) => {
        connection.data$.subscribe({ error: () => {} })
        return (await connection.closed).error
      })
      ;(await accepted).resetAndDestroy()
      const error = await connecting.catch((thrown: unknown) => thrown)
      const { code } = error as { code: string }
      expect(['MILLRACE_ERR_CONNECTION_RESET', 'MILLRACE_ERR_CONNECT_FAILED']).toContain(code)
    }
  })
})

describe('a pipeline for a client', () => {
  test('is built before anything is tried', async () => {
    const broken = definePlugin({ name: 'broken', inject: { missing: Symbol('missing') }, open: () => ({}) })
    await expect(connectTcp({ port: 7 }, pipeline(broken()))).rejects.toBeInstanceOf(PluginBuildError)
    await expect(connectTcp({ port: 7 }, echoing as never)).rejects.toBeInstanceOf(InvalidPipelineError)
    expect(socketResources()).toEqual({})
  })

  test.each(['fails to connect', 'has gone'])('is disposed of when the connection %s', async (when) => {
    const dispose = vi.fn<() => void>()
    const plugin = definePlugin({ name: 'disposable', open: () => ({}), dispose })
    if (when === 'has gone') {
      const connection = await connectTcp({ port: await echoServer() }, pipeline(plugin()))
      expect(dispose).not.toHaveBeenCalled()
      await connection.close()
    } else {
      await expect(connectTcp({ path: '/nonexistent/socket' }, pipeline(plugin()))).rejects.toBeInstanceOf(ConnectError)
    }
    await vi.waitFor(() => expect(dispose).toHaveBeenCalledTimes(1))
  })
})

test.each([
  [undefined, 'connectTcp.port'],
  [{}, 'connectTcp.port'],
  [{ port: 0 }, 'connectTcp.port'],
  [{ port: 65_536 }, 'connectTcp.port'],
  [{ port: 7, path: '/tmp/x' }, 'connectTcp.path'],
  [{ port: 7, family: 5 }, 'connectTcp.family'],
  [{ port: 7, lookup: 'dns' }, 'connectTcp.lookup'],
  [{ port: 7, connectTimeout: -1 }, 'connectTcp.connectTimeout'],
  [{ port: 7, timeout: 1 }, 'connectTcp.timeout'],
])('options %o are refused', async (options, option) => {
  const error = await connectTcp(options as never).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(InvalidOptionError)
  expect(error).toMatchObject({ option })
})
