import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:dgram'
import {
  ConnectError,
  type Connection,
  ConnectionResetError,
  definePlugin,
  handle,
  IdleTimeoutError,
  InvalidOptionError,
  InvalidPipelineError,
  pipeline,
} from '@millrace/core'
import { collect, VirtualClock } from '@millrace/core/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { connectUdp } from '../src/client/udp-client.ts'
import type { UdpSession } from '../src/session/udp-session.ts'
import { bytes, containerWith, plainSocket, received, settled } from './support.ts'
import { describeOnDrivers } from './udp-drivers.ts'

const open: (Socket | Pick<Connection, 'abort' | 'closed'>)[] = []
afterEach(async () => {
  for (const each of open.splice(0)) {
    if ('abort' in each) {
      each.abort()
      await each.closed
    } else {
      each.close()
    }
  }
})

async function connected(options: Partial<Parameters<typeof connectUdp>[0]> = {}) {
  const peer = await plainSocket()
  const session = await connectUdp({ port: peer.address().port, ...options })
  open.push(peer, session)
  return { peer, session, answer: (data: string) => peer.send(data, session.localAddress.port, '127.0.0.1') }
}

const freePort = async (): Promise<number> => {
  const socket = await plainSocket()
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

const text = lengthen()
function lengthen() {
  return definePlugin({
    name: 'text',
    produces: 'message',
    open: () => ({
      inbound: { push: (chunk: Uint8Array, emit: (item: string) => void) => emit(Buffer.from(chunk).toString()) },
      outbound: { push: (item: string, emit: (chunk: Uint8Array) => void) => emit(bytes(item)) },
    }),
  })
}

describeOnDrivers('connectUdp', () => {
  test('sends and receives datagrams, empty ones included', async () => {
    const { peer, session, answer } = await connected()
    const question = received(peer)
    session.write(new Uint8Array(0))
    expect(await question).toHaveLength(0)
    answer('')
    answer('hello')
    const items: string[] = []
    for await (const item of session) if (items.push(String(item)) === 2) break
    expect(items).toEqual(['', 'hello'])
    expect(session.localAddress).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
    expect(session.remoteAddress).toEqual({ address: '127.0.0.1', port: peer.address().port, family: 'IPv4' })
  })

  test('is proven, and has no reply budget', async () => {
    const { peer, session } = await connected()
    const question = received(peer)
    session.write(new Uint8Array(65_507))
    expect(await question).toHaveLength(65_507)
    expect(session.proven).toBe(true)
  })

  test('fails with ConnectionResetError, the cause kept, where the peer refuses', async () => {
    const session = await connectUdp({ port: await freePort() })
    open.push(session)
    const reading = collect(session).catch((reason: unknown) => reason)
    session.write(bytes('anybody?'))
    const { error, initiator } = await session.closed
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(error).toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_RESET', cause: { code: 'ECONNREFUSED' } })
    expect(initiator).toBe('remote')
    expect(await reading).toBe(error)
  })

  test('hears its peer alone', async () => {
    const { session, answer } = await connected()
    const stranger = await plainSocket()
    open.push(stranger)
    stranger.send('stranger', session.localAddress.port, '127.0.0.1')
    answer('peer')
    for await (const item of session) {
      expect(String(item)).toBe('peer')
      break
    }
  })

  test('drops what nobody reads beyond its bound, and publishes it', async () => {
    const drops: unknown[] = []
    const onDrop = (event: unknown): void => void drops.push(event)
    channel('millrace:datagram-dropped').subscribe(onDrop)
    const { session, answer } = await connected({ maxSessionQueue: 2 })
    for (let i = 0; i < 5; i++) answer('x')
    await vi.waitFor(() => expect(drops).toHaveLength(3))
    expect(drops[0]).toMatchObject({ direction: 'inbound', reason: 'session-queue', bytes: 1 })
    expect(session.queuedItems).toBe(2)
    channel('millrace:datagram-dropped').unsubscribe(onDrop)
  })

  test('ends with IdleTimeoutError when nothing goes either way', async () => {
    const clock = new VirtualClock()
    const { session } = await connected({ idleTimeout: 1_000, container: containerWith(clock) })
    clock.advance(1_000)
    expect((await session.closed).error).toBeInstanceOf(IdleTimeoutError)
  })

  test('close sends what was written and releases the socket', async () => {
    const { peer, session } = await connected()
    const { port } = session.localAddress
    const question = received(peer)
    session.write(bytes('last word'))
    await session.close()
    expect(String(await question)).toBe('last word')
    expect(await session.closed).toEqual({ initiator: 'local' })
    const rebound = await connected({ localPort: port })
    expect(rebound.session.localAddress.port).toBe(port)
  })

  test('abort releases the socket', async () => {
    const { session } = await connected()
    const { port } = session.localAddress
    session.write(bytes('never sent'))
    session.abort()
    await session.closed
    const rebound = await connected({ localPort: port })
    expect(rebound.session.localAddress.port).toBe(port)
  })

  test('with a pipeline, is its end in messages', async () => {
    const peer = await plainSocket()
    const messages = await connectUdp({ port: peer.address().port }, pipeline(text()))
    open.push(peer, messages)
    const question = received(peer)
    messages.write('grüezi')
    expect(String(await question)).toBe('grüezi')
    peer.send('hallo', messages.localAddress.port, '127.0.0.1')
    for await (const message of messages) {
      expect(message).toBe('hallo')
      break
    }
  })

  test('disposes of its plugins when it is gone, and where it does not come about', async () => {
    const dispose = vi.fn()
    const disposing = definePlugin({ name: 'disposing', open: () => ({}), dispose })
    const peer = await plainSocket()
    const messages = await connectUdp({ port: peer.address().port }, pipeline(disposing()))
    open.push(peer)
    expect(dispose).not.toHaveBeenCalled()
    await messages.close()
    await vi.waitFor(() => expect(dispose).toHaveBeenCalledTimes(1))
    const failing = connectUdp({ port: 9, localAddress: '192.0.2.77' }, pipeline(disposing()))
    await expect(failing).rejects.toThrow(ConnectError)
    expect(dispose).toHaveBeenCalledTimes(2)
  })

  test('fails with ConnectError where no socket comes about', async () => {
    const { session } = await connected()
    const { port } = session.localAddress
    const connecting = connectUdp({ port: 9, localPort: port, localAddress: '127.0.0.1' })
    const error: unknown = await connecting.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({ address: '127.0.0.1:9', cause: { code: 'EADDRINUSE' } })
    const lookup = (_host: string, _options: unknown, callback: (error: Error, address: string) => void): void =>
      callback(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), '')
    const cause = { code: 'ENOTFOUND' }
    await expect(connectUdp({ port: 9, host: 'nowhere.test', lookup })).rejects.toMatchObject({ cause })
  })

  test('refuses bad options and a pipeline that serves', async () => {
    await expect(connectUdp({ port: 0 })).rejects.toThrow(InvalidOptionError)
    await expect(connectUdp({ port: 9, prot: 9 } as never)).rejects.toThrow(InvalidOptionError)
    const serving = pipeline(handle(async () => {})) as never
    await expect(connectUdp({ port: 9 }, serving)).rejects.toThrow(InvalidPipelineError)
  })

  test('settles with the reason of a signal; one that aborts later has no effect', async () => {
    const reason = new Error('changed my mind')
    await expect(connectUdp({ port: 9, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const abort = new AbortController()
    const connecting = connectUdp({ port: 9, host: 'slow.test', lookup: () => {}, signal: abort.signal })
    abort.abort(reason)
    await expect(connecting).rejects.toBe(reason)
    const late = new AbortController()
    const { session } = await connected({ signal: late.signal })
    late.abort()
    await settled()
    expect((session as UdpSession).status).toBe('open')
  })
})
