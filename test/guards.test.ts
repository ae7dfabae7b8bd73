import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { compress, connectTcp, connectUdp, createContainer, createTcpServer, createUdpServer, CLOCK, echo, handle, ipFilter, pipeline, proxyProtocol, rateLimit } from 'millrace'
import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'

describe('ipFilter', () => {
  test('closes a TCP connection without a word and counts it', async () => {
    const server = await createTcpServer(pipeline(ipFilter({ deny: '127.0.0.0/8' }), echo())).listen({ port: 0 })
    const socket = connect({ host: '127.0.0.1', port: server.address?.port ?? 0 })
    socket.resume().on('error', () => {})
    await once(socket, 'close')
    expect([socket.bytesRead, server.counters.refusedFor]).toEqual([0, expect.objectContaining({ plugin: 1 })])
    await server.close()
  })

  test('is asked for each UDP session', async () => {
    const server = await createUdpServer(pipeline(ipFilter({ deny: '127.0.0.1' }), echo())).listen({ port: 0 })
    const socket = createSocket('udp4')
    const refused = new Promise((resolve) => {
      server.events$.subscribe((event) => event.type === 'connection-refused' && resolve(event))
    })
    socket.send('a', server.address?.port, '127.0.0.1')
    expect(await refused).toMatchObject({ reason: 'plugin', transport: 'udp' })
    socket.close()
    await server.close()
  })
})

describe('rateLimit', () => {
  test('stops a TCP peer by not reading, and lets it go on', async () => {
    const clock = new VirtualClock()
    const container = createContainer().register(CLOCK, { useValue: clock })
    const limited = pipeline(rateLimit({ bytes: 100_000 }), echo())
    const server = await createTcpServer(limited, { container, idleTimeout: 0, writeTimeout: 0 }).listen({ port: 0 })
    const client = await connectTcp({ port: server.address?.port, idleTimeout: 0, writeTimeout: 0 })
    let received = 0
    const reading = (async () => {
      for await (const chunk of client) received += chunk.length
    })()
    // More than the buffers of both systems take in: the rest stays with the client for as long as nobody reads.
    const size = 64 * 2 ** 20
    client.write(Buffer.alloc(size / 2))
    client.write(Buffer.alloc(size / 2))
    const [served] = await vi.waitFor(() => {
      expect(server.connections.size).toBe(1)
      return [...server.connections]
    })
    await vi.waitFor(() => expect(received).toBeGreaterThan(99_999))
    expect(received).toBeLessThan(100_000 + 2 * 65_536)
    let drained = false
    void client.drain().then(() => (drained = true), () => {})
    const before = served?.bytesRead
    // The time stands still: however often the loop turns, no more is read.
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    expect([drained, served?.bytesRead]).toEqual([false, before])
    clock.advance(10_000)
    await vi.waitFor(() => expect(served?.bytesRead).toBeGreaterThan(before ?? 0))
    client.abort()
    await reading.catch(() => {})
    server.abort()
    await server.closed
  })

  test('drops datagrams and counts them', async () => {
    const server = await createUdpServer(pipeline(rateLimit({ messages: 2 }), echo())).listen({ port: 0 })
    const socket = createSocket('udp4')
    const answers: string[] = []
    socket.on('message', (data) => answers.push(String(data)))
    for (const text of ['a', 'b', 'c', 'd']) socket.send(text, server.address?.port, '127.0.0.1')
    await vi.waitFor(() => expect(server.counters.framesDropped).toBe(2))
    await vi.waitFor(() => expect(answers).toHaveLength(2))
    socket.close()
    await server.close()
  })
})

describe('proxyProtocol', () => {
  const tell = handle(async (connection) => {
    for await (const chunk of connection) connection.write(Buffer.from(`${connection.remoteAddress.address} ${String(Buffer.from(chunk))}`))
  })

  test('gives a handler over TCP the client, and what came with the header and after it', async () => {
    const server = await createTcpServer(pipeline(proxyProtocol(), tell)).listen({ port: 0 })
    const socket = connect({ host: '127.0.0.1', port: server.address?.port ?? 0, allowHalfOpen: true })
    socket.setNoDelay(true)
    const received = text(socket)
    socket.write('PROXY TCP6 2001:db8::7 ::1 ')
    await vi.waitFor(() => expect([...server.connections].map(({ bytesRead }) => bytesRead)).toEqual([27]))
    socket.end('7 8\r\nhello')
    expect(await received).toBe('2001:db8::7 hello')
    await server.close()
  })

  test('gives a handler over UDP the client of its session', async () => {
    const server = await createUdpServer(pipeline(proxyProtocol(), tell)).listen({ port: 0 })
    const socket = createSocket('udp4')
    const header = Buffer.from('0d0a0d0a000d0a515549540a2112000cc0000207c63364010007000a', 'hex')
    socket.send('no header', server.address?.port, '127.0.0.1')
    socket.send(Buffer.concat([header, Buffer.from('hello')]), server.address?.port, '127.0.0.1')
    const [answer] = (await once(socket, 'message')) as [Buffer]
    expect([String(answer), server.counters.framesDropped]).toEqual(['192.0.2.7 hello', 1])
    socket.close()
    await server.close()
  })
})

describe('compress', () => {
  test('has bulk back over TCP, and its end', async () => {
    const server = await createTcpServer(pipeline(compress(), echo())).listen({ port: 0 })
    const client = await connectTcp({ port: server.address?.port ?? 0 }, pipeline(compress()))
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `${i} times to and fro `).join(''))
    const sent = client.sink([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)])
    const received: Uint8Array[] = []
    for await (const chunk of client) received.push(chunk)
    await sent
    expect(Buffer.compare(Buffer.concat(received), bytes)).toBe(0)
    expect(client.bytesRead).toBeLessThan(bytes.length / 5)
    await server.close()
  })

  test('has a datagram back over UDP', async () => {
    const server = await createUdpServer(pipeline(compress(), echo())).listen({ port: 0 })
    const client = await connectUdp({ port: server.address?.port ?? 0 }, pipeline(compress()))
    client.write(Buffer.alloc(1_000, 'a'))
    for await (const datagram of client) {
      expect([datagram.length, client.bytesRead < 100]).toEqual([1_000, true])
      break
    }
    await client.close()
    await server.close()
  })
})
