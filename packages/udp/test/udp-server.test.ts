import type { Socket } from 'node:dgram'
import {
  type Answers,
  handle,
  InvalidOptionError,
  InvalidPipelineError,
  ListenError,
  type MessageConnection,
  pipeline,
  respond,
  ServerBusyError,
  type ServerEvent,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { afterEach, expect, expectTypeOf, test, vi } from 'vitest'
import { connectUdp } from '../src/client/udp-client.ts'
import { createUdpServer, type UdpServer } from '../src/server/udp-server.ts'
import { type UdpSession, udpSessionOf } from '../src/session/udp-session.ts'
import { bytes, containerWith, plainSocket, received, settled } from './support.ts'
import { describeOnDrivers } from './udp-drivers.ts'

const servers: UdpServer<unknown>[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  for (const server of servers.splice(0)) {
    server.abort()
    await server.closed
  }
})

const kept = <S extends UdpServer<unknown>>(server: S): S => {
  servers.push(server)
  return server
}
const client = async (...args: Parameters<typeof plainSocket>): Promise<Socket> => {
  const socket = await plainSocket(...args)
  sockets.push(socket)
  return socket
}
const portOf = (server: UdpServer<unknown>): number => server.address?.port ?? 0
const ask = (socket: Socket, server: UdpServer<unknown>, data: Uint8Array, host = '127.0.0.1'): Promise<Buffer> => {
  const answer = received(socket)
  socket.send(data, portOf(server), host)
  return answer
}
const answering = (answer: (datagram: Uint8Array) => Answers<Uint8Array>) => pipeline(respond(answer))
const echoing = () => answering((datagram) => datagram)
const eventsOf = (server: UdpServer<unknown>): ServerEvent[] => {
  const events: ServerEvent[] = []
  server.events$.subscribe((event) => events.push(event))
  return events
}

describeOnDrivers('createUdpServer', () => {
  test.each([0, 1, 1_472, 65_507])('echoes a datagram of %i bytes as one', async (size) => {
    const server = await kept(createUdpServer(echoing())).listen()
    const socket = await client()
    expect(await ask(socket, server, new Uint8Array(size).fill(9))).toEqual(Buffer.alloc(size, 9))
    expect(server.connections.size).toBe(1)
    expect(server.counters).toMatchObject({ accepted: 1, datagramsDropped: 0 })
  })

  test('echoes over IPv6, and to an IPv4 peer of an IPv6 socket', async () => {
    const server = await kept(createUdpServer(echoing())).listen({ host: '::' })
    expect(await ask(await client('::1', 'udp6'), server, bytes('six'), '::1')).toEqual(Buffer.from('six'))
    expect(await ask(await client(), server, bytes('four'))).toEqual(Buffer.from('four'))
    expect([...server.connections].map(({ remoteAddress: { family } }) => family)).toEqual(['IPv6', 'IPv4'])
  })

  test('drops a reply of 65,508 bytes, counts and reports it, and the session lives on', async () => {
    const grow = answering((datagram) => (datagram.byteLength > 1 ? new Uint8Array(65_508) : datagram))
    const server = await kept(createUdpServer(grow, { maxReplyRatio: Infinity })).listen()
    const events = eventsOf(server)
    const socket = await client()
    socket.send(new Uint8Array(2), portOf(server), '127.0.0.1')
    expect(await ask(socket, server, bytes('x'))).toEqual(Buffer.from('x'))
    const drops = events.filter(({ type }) => type === 'datagram-dropped')
    expect(drops).toMatchObject([{ direction: 'outbound', reason: 'too-large', bytes: 65_508 }])
    expect(server.counters.datagramsDroppedFor).toEqual({ 'too-large': 1 })
    expect(server.counters.failed).toBe(0)
  })

  test('keeps sixty peers of the loopback network apart', async () => {
    const server = await kept(createUdpServer(echoing())).listen({ host: '0.0.0.0' })
    const answers = Array.from({ length: 60 }, async (_, i) => {
      const socket = await client(`127.0.1.${i + 1}`)
      return String(await ask(socket, server, bytes(`peer ${i}`)))
    })
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 60 }, (_, i) => `peer ${i}`))
    expect(server.connections.size).toBe(60)
  })

  test('keeps peers apart where a session ends in the middle of what came together', async () => {
    const server = await kept(createUdpServer()).listen()
    const got: string[] = []
    server.connections$.subscribe((session) => {
      session.data$.subscribe((datagram) => {
        got.push(`${names.get(session.remoteAddress.port)} gets ${Buffer.from(datagram)}`)
        if (String(Buffer.from(datagram)) === 'bye of a') void session.close()
      })
    })
    const peers = new Map<string, Socket>()
    for (const name of ['a', 'b', 'c', 'd']) peers.set(name, await client())
    const names = new Map([...peers].map(([name, socket]) => [socket.address().port, name]))
    const say = (name: string, text: string) => peers.get(name)?.send(`${text} of ${name}`, portOf(server), '127.0.0.1')
    say('a', 'hello')
    await vi.waitFor(() => expect(got).toHaveLength(1))
    const script = [['a', 'bye'], ['b', 'one'], ['c', 'one'], ['d', 'one'], ['a', 'again'], ['b', 'two'], ['a', 'more']] as const
    for (const [name, text] of script) say(name, text)
    await vi.waitFor(() => expect(got).toHaveLength(1 + script.length))
    expect(got.slice(1)).toEqual(script.map(([name, text]) => `${name} gets ${text} of ${name}`))
  })

  test('bounds what it sends to a peer that is not proven, and counts the rest', async () => {
    const chatty = answering((datagram) => Array.from({ length: 10 }, () => datagram))
    const server = await kept(createUdpServer(chatty)).listen()
    const socket = await client()
    await ask(socket, server, bytes('hello'))
    await vi.waitFor(() => expect(server.counters.datagramsDroppedFor).toEqual({ 'reply-ratio': 7 }))
  })

  test('lets a handler prove its peer', async () => {
    const generous = pipeline(
      handle(async (connection) => {
        for await (const _ of connection) {
          udpSessionOf(connection)?.prove()
          connection.write(new Uint8Array(1_000))
        }
      }),
    )
    const server = await kept(createUdpServer(generous)).listen()
    expect(await ask(await client(), server, bytes('x'))).toHaveLength(1_000)
  })

  test('bounds what waits for a handler that is slow, and counts the rest', async () => {
    const stuck = pipeline(handle(() => new Promise<void>(() => {})))
    const server = await kept(createUdpServer(stuck, { highWaterMark: 4_096 })).listen()
    const socket = await client()
    for (let i = 0; i < 200; i++) socket.send(new Uint8Array(100), portOf(server), '127.0.0.1')
    await vi.waitFor(() => expect(server.counters.datagramsDroppedFor['session-queue']).toBeGreaterThan(100))
    expect([...server.connections][0]?.status).toBe('open')
  })

  test('a session that fails takes no other one with it', async () => {
    const fragile = answering((datagram) => {
      if (datagram.byteLength === 0) throw new Error('empty')
      return datagram
    })
    const server = await kept(createUdpServer(fragile)).listen()
    const events = eventsOf(server)
    const [good, bad] = [await client(), await client()]
    await ask(good, server, bytes('before'))
    bad.send('', portOf(server), '127.0.0.1')
    await vi.waitFor(() => expect(server.counters.failed).toBe(1))
    expect(await ask(good, server, bytes('after'))).toEqual(Buffer.from('after'))
    expect(events.filter((event) => event.type === 'connection-closed')).toMatchObject([
      { error: { code: 'MILLRACE_ERR_PLUGIN_FAILED', remoteAddress: { port: bad.address().port } } },
    ])
    expect(await ask(bad, server, bytes('again'))).toEqual(Buffer.from('again'))
  })

  test('ends a silent session, as its handler sees by the end of the input', async () => {
    const clock = new VirtualClock()
    const ended = vi.fn()
    const waiting = pipeline(
      handle(async (connection) => {
        for await (const datagram of connection) connection.write(datagram)
        ended(connection.write(bytes('bye')))
      }),
    )
    const server = await kept(createUdpServer(waiting, { container: containerWith(clock) })).listen()
    const socket = await client()
    await ask(socket, server, bytes('hello'))
    const farewell = received(socket)
    clock.advance(31_500)
    expect(String(await farewell)).toBe('bye')
    expect(ended).toHaveBeenCalledWith(true)
    await vi.waitFor(() => expect(server.connections.size).toBe(0))
    expect(server.counters.failed).toBe(0)
  })

  test('cuts off a handler that is still there a whole timeout after', async () => {
    const clock = new VirtualClock()
    const stuck = pipeline(handle(() => new Promise<void>(() => {})))
    const server = await kept(createUdpServer(stuck, { container: containerWith(clock) })).listen()
    const socket = await client()
    socket.send('hello', portOf(server), '127.0.0.1')
    await vi.waitFor(() => expect(server.connections.size).toBe(1))
    clock.advance(45_000)
    await settled()
    expect(server.connections.size).toBe(1)
    clock.advance(18_000)
    await settled()
    expect(server.connections.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('without a pipeline, is the sequence of its sessions', async () => {
    const server = await kept(createUdpServer()).listen()
    const socket = await client()
    const answer = ask(socket, server, bytes('hello'))
    for await (const session of server) {
      expect(session.proven).toBe(false)
      void session.sink(session)
      break
    }
    expect(String(await answer)).toBe('hello')
  })

  test('without a pipeline, refuses sessions that nobody takes beyond the backlog', async () => {
    const server = await kept(createUdpServer(undefined, { acceptBacklog: 2 })).listen()
    const taken = server[Symbol.asyncIterator]()
    for (let i = 0; i < 4; i++) (await client()).send('x', portOf(server), '127.0.0.1')
    await vi.waitFor(() => expect(server.counters.refusedFor).toEqual({ backlog: 2 }))
    expect(server.connections.size).toBe(2)
    await taken.return?.()
  })

  test('with a pipeline, cannot be iterated', () => {
    const server = kept(createUdpServer(echoing()))
    expect(() => server[Symbol.asyncIterator]()).toThrow(ServerBusyError)
  })

  test('is typed by its pipeline', () => {
    const typed = pipeline(handle<Uint8Array, Uint8Array>(async () => {}))
    expectTypeOf(createUdpServer()).toEqualTypeOf<UdpServer<UdpSession>>()
    expectTypeOf(createUdpServer(typed)).toEqualTypeOf<UdpServer<MessageConnection<Uint8Array, Uint8Array>>>()
  })

  test('needs a pipeline that serves', () => {
    expect(() => createUdpServer(pipeline() as never)).toThrow(InvalidPipelineError)
  })
})

describeOnDrivers('listen', () => {
  test('fails with ListenError where the port is taken', async () => {
    const server = await kept(createUdpServer(echoing())).listen()
    const second = kept(createUdpServer(echoing()))
    const error: unknown = await second.listen({ port: portOf(server) }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({ address: `udp 127.0.0.1:${portOf(server)}`, cause: { code: 'EADDRINUSE' } })
    await expect(second.listen()).resolves.toBe(second)
  })

  test('refuses a bad option at once', async () => {
    await expect(kept(createUdpServer(echoing())).listen({ port: 70_000 })).rejects.toThrow(InvalidOptionError)
    const other = kept(createUdpServer(echoing()))
    await expect(other.listen({ host: '::1', type: 'udp4' })).rejects.toThrow(InvalidOptionError)
  })

  test('settles with the reason of a signal, with nothing bound', async () => {
    const reason = new Error('changed my mind')
    const server = kept(createUdpServer(echoing()))
    await expect(server.listen({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const abort = new AbortController()
    const listening = server.listen({ host: 'slow.test', lookup: () => {}, signal: abort.signal })
    abort.abort(reason)
    await expect(listening).rejects.toBe(reason)
    expect(server.address).toBeUndefined()
  })
})

describeOnDrivers('close', () => {
  test('lets what is in hand finish, refuses who is new, and leaves nothing behind', async () => {
    let finish!: () => void
    const slow = pipeline(
      respond<Uint8Array, Uint8Array>(async (datagram) => {
        if (datagram.byteLength > 3) await new Promise<void>((resolve) => (finish = resolve))
        return datagram
      }),
    )
    const server = await createUdpServer(slow).listen()
    const { port } = server.address ?? { port: 0 }
    const [old, fresh] = [await client(), await client()]
    const answer = ask(old, server, bytes('slow'))
    await vi.waitFor(() => expect(finish).toBeDefined())
    const closed = server.close()
    fresh.send('x', port, '127.0.0.1')
    await vi.waitFor(() => expect(server.counters.datagramsDroppedFor).toEqual({ draining: 1 }))
    finish()
    expect(String(await answer)).toBe('slow')
    await closed
    expect(await server.closed).toEqual({ cutOff: 0 })
    const again = await plainSocket()
    await new Promise<void>((resolve) => again.close(resolve))
    const rebound = await kept(createUdpServer(echoing())).listen({ port })
    expect(portOf(rebound)).toBe(port)
  })

  test('abort ends every session at once', async () => {
    const server = await createUdpServer(pipeline(handle(() => new Promise<void>(() => {})))).listen()
    const socket = await client()
    socket.send('x', portOf(server), '127.0.0.1')
    await vi.waitFor(() => expect(server.connections.size).toBe(1))
    server.abort()
    expect(await server.closed).toEqual({ cutOff: 1 })
  })

  test('leaves no handle and no timer behind, with sessions or without', async () => {
    const clock = new VirtualClock()
    const container = containerWith(clock)
    for (const stateless of [false, true]) {
      const server = await createUdpServer(echoing(), { stateless, container }).listen()
      const session = await connectUdp({ port: portOf(server), container })
      session.write(bytes('hello'))
      for await (const _ of session) break
      await session.close()
      const closed = server.close()
      clock.advance(500)
      await closed
    }
    expect(clock.pending).toBe(0)
    await vi.waitFor(() => expect(process.getActiveResourcesInfo()).not.toContain('UDPWrap'))
  })
})
