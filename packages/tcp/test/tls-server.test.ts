import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import {
  CertificateError,
  CLOCK,
  type Connection,
  ConnectionTruncatedError,
  createContainer,
  HandshakeTimeoutError,
  InvalidOptionError,
  TlsError,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { authority, client, expired, other, server as credentials, stranger } from '../../../test/support/certificates.ts'
import { createTcpServer, type TcpServer, type TcpServerOptions } from '../src/index.ts'
import { connectRaw, pattern, received, tracked } from './loopback.ts'
import { eventsOf, expectNothingLeft, kept } from './support.ts'

const MIB = 1024 * 1024
expectNothingLeft()

async function listening(options: TcpServerOptions = {}): Promise<TcpServer<Connection>> {
  return kept(await createTcpServer(undefined, { tls: credentials, ...options }).listen({ port: 0 }))
}

/** Node's own client. */
function nodeClient(server: TcpServer<Connection>, options: ConnectionOptions = {}): TLSSocket {
  const port = server.address?.port ?? 0
  const socket = tlsConnect({ port, host: '127.0.0.1', ca: authority, ...options })
  return tracked(socket.on('error', () => {})) as TLSSocket
}

const next = async (server: TcpServer<Connection>): Promise<Connection> =>
  (await server[Symbol.asyncIterator]().next()).value as Connection

describe('a server over TLS', () => {
  test('tells what the handshake has settled, and its connections are of transport tls', async () => {
    const server = await listening({ tls: { ...credentials, ALPNProtocols: ['lines/1', 'lines/2'] } })
    const events = eventsOf(server, 'connection-opened')
    nodeClient(server, { servername: 'localhost', ALPNProtocols: ['lines/2'] })
    const connection = await next(server)
    expect(connection.id).toMatch(/^tls-/)
    expect(connection).toMatchObject({ transport: 'tls', remoteAddress: { address: '127.0.0.1' } })
    expect(connection.tls).toEqual({
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      alpnProtocol: 'lines/2',
      servername: 'localhost',
      authorized: false,
      authorizationError: undefined,
      peerCertificate: undefined,
    })
    expect(events).toMatchObject([{ connection: { transport: 'tls' } }])
  })

  test('shows the credentials of the name that the client asks for', async () => {
    const server = await listening({ tls: { ...credentials, contexts: { '*.example.org': other } } })
    for (const [servername, subject] of [['other.example.org', 'CN=other.example.org'], ['localhost', 'CN=localhost']] as const) {
      const socket = nodeClient(server, { servername })
      await once(socket, 'secureConnect')
      expect(socket.getPeerX509Certificate()?.subject).toBe(subject)
    }
  })

  test('asks clients for a certificate, and tells whose it is', async () => {
    const server = await listening({ tls: { ...credentials, ca: authority, requestCert: true } })
    nodeClient(server, client)
    const { tls } = await next(server)
    expect(tls).toMatchObject({ authorized: true, authorizationError: undefined })
    expect(tls?.peerCertificate?.subject).toBe('CN=client')
  })

  test('lets in with rejectUnauthorized false, and says why it would not have', async () => {
    const server = await listening({ tls: { ...credentials, ca: authority, requestCert: true, rejectUnauthorized: false } })
    nodeClient(server, stranger)
    expect((await next(server)).tls).toMatchObject({ authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  test('takes 8 MiB, sees them end, and answers with as much', async () => {
    const server = await listening()
    const sent = pattern(8 * MIB)
    const socket = nodeClient(server, { allowHalfOpen: true } as ConnectionOptions)
    socket.end(sent)
    const connection = await next(server)
    const chunks: Uint8Array[] = []
    for await (const chunk of connection) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    expect(connection.status).toBe('half-closed-remote')
    const answer = received(socket)
    await connection.sink([sent])
    const { bytes, end } = await answer
    expect(bytes.equals(sent)).toBe(true)
    expect(end).toBe('end')
  })
})

describe('a server over TLS: input that is cut off', () => {
  /** Ends what is beneath TLS: what somebody on the way could do. */
  async function cut(version: 'TLSv1.2' | 'TLSv1.3', end: (beneath: Socket) => void) {
    const server = await listening()
    const beneath = tracked(connect({ port: server.address?.port ?? 0, host: '127.0.0.1', allowHalfOpen: true }))
    beneath.on('error', () => {})
    const options = { socket: beneath, minVersion: version, maxVersion: version }
    const socket = nodeClient(server, options)
    const connection = await next(server)
    const events = eventsOf(server, 'connection-closed')
    const reading = connection.source[Symbol.asyncIterator]()
    socket.write('whole')
    expect(Buffer.from((await reading.next()).value ?? [])).toEqual(Buffer.from('whole'))
    const second = reading.next().then(() => undefined, (error: unknown) => error)
    end(beneath)
    const { error } = await connection.closed
    expect(await second).toBe(error)
    expect(events).toMatchObject([{ error }])
    return error
  }

  test.each(['TLSv1.3', 'TLSv1.2'] as const)('without a close_notify is an error in %s', async (version) => {
    const error = await cut(version, (beneath) => beneath.end())
    expect(error).toBeInstanceOf(ConnectionTruncatedError)
    expect(error).toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_TRUNCATED', remoteAddress: { address: '127.0.0.1' } })
  })

  test('by a reset is a reset', async () => {
    expect(await cut('TLSv1.3', (beneath) => beneath.resetAndDestroy())).toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_RESET' })
  })
})

describe('a server over TLS: handshakes that fail', () => {
  test.each([
    ['plaintext', (server: TcpServer<Connection>) => void connectRaw(server.address).then((s) => s.on('error', () => {}).end('GET / HTTP/1.1\r\n\r\n')), 'ERR_SSL_HTTP_REQUEST'],
    ['no protocol in common', (server: TcpServer<Connection>) => void nodeClient(server, { ALPNProtocols: ['other'] }), 'ERR_SSL_NO_APPLICATION_PROTOCOL'],
    ['an old version', (server: TcpServer<Connection>) => void nodeClient(server, { maxVersion: 'TLSv1.2' }), 'ERR_SSL_UNSUPPORTED_PROTOCOL'],
    ['a connection that ends', (server: TcpServer<Connection>) => void connectRaw(server.address).then((s) => s.end()), 'ECONNRESET'],
  ])('%s: one event with the reason, counted, and the connection is closed', async (_, begin, reason) => {
    const server = await listening({ tls: { ...credentials, ALPNProtocols: ['mine'], minVersion: 'TLSv1.3' } })
    const events = eventsOf(server, 'connection-refused')
    begin(server)
    await vi.waitFor(() => expect(events).toHaveLength(1))
    expect(events).toMatchObject([{ transport: 'tls', reason: 'handshake', remoteAddress: { address: '127.0.0.1' }, error: { reason } }])
    expect(events[0]?.error).toBeInstanceOf(TlsError)
    expect(events[0]?.detail).not.toContain('openssl/')
    expect(server.counters).toMatchObject({ accepted: 0, refused: 1, refusedFor: { handshake: 1 } })
  })

  test.each([
    ['none', {}, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    ['one that nobody vouches for', stranger, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['one that has expired', expired, 'CERT_HAS_EXPIRED'],
  ])("a client's certificate is asked for and there is %s", async (_, shown, reason) => {
    const server = await listening({ tls: { ...credentials, ca: authority, requestCert: true } })
    const events = eventsOf(server, 'connection-refused')
    const socket = nodeClient(server, shown)
    await new Promise((resolve) => socket.once('close', resolve))
    await vi.waitFor(() => expect(events).toHaveLength(1))
    expect(events).toMatchObject([{ reason: 'handshake', error: { reason } }])
    if (shown !== expired && shown !== stranger) return
    expect(events[0]?.error).toBeInstanceOf(CertificateError)
  })

  test('one that takes too long is closed, by the clock of the server', async () => {
    const clock = new VirtualClock()
    const container = createContainer()
    container.register(CLOCK, { useValue: clock })
    const server = await listening({ handshakeTimeout: 700, container })
    const events = eventsOf(server, 'connection-refused')
    const socket = await connectRaw(server.address)
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02]))
    await vi.waitFor(() => expect(clock.pending).toBe(1))
    clock.advance(699)
    expect(events).toEqual([])
    clock.advance(1)
    expect(events).toMatchObject([{ reason: 'handshake', error: { timeout: 700 } }])
    expect(events[0]?.error).toBeInstanceOf(HandshakeTimeoutError)
    expect((await received(socket)).bytes).toHaveLength(0)
    expect(clock.pending).toBe(0)
  })
})

describe('a server over TLS: its limits', () => {
  test('counts connections in their handshake', async () => {
    const server = await listening({ maxConnections: 2 })
    const events = eventsOf(server, 'connection-refused')
    const [stalled] = await Promise.all([connectRaw(server.address), connectRaw(server.address)])
    const third = await connectRaw(server.address)
    third.on('error', () => {})
    await vi.waitFor(() => expect(events).toMatchObject([{ reason: 'maxConnections' }]))
    stalled?.destroy()
    await vi.waitFor(() => expect(events).toHaveLength(2))
    // The place is free again.
    nodeClient(server)
    expect((await next(server)).tls?.protocol).toBe('TLSv1.3')
  })

  test('counts a connection once, whose handshake is complete', async () => {
    const server = await listening({ maxConnections: 1 })
    const connections = server[Symbol.asyncIterator]()
    for (let i = 0; i < 3; i++) {
      const socket = nodeClient(server)
      const connection = (await connections.next()).value as Connection
      socket.end()
      await connection.close()
    }
    expect(server.counters).toMatchObject({ accepted: 3, refused: 0 })
  })

  test('waits for no handshake when it closes', async () => {
    const server = await listening()
    const stalled = await connectRaw(server.address)
    await once(nodeClient(server), 'secureConnect')
    await (await next(server)).close()
    const gone = received(stalled)
    await server.close()
    expect((await gone).bytes).toHaveLength(0)
    expect(server.counters.refused).toBe(0)
  })

  test('drains: what is in flight over TLS may finish', async () => {
    const server = await listening()
    const sent = pattern(4 * MIB)
    const socket = nodeClient(server)
    const connection = await next(server)
    const sunk = connection.sink([sent])
    const closed = server.close()
    expect((await received(socket)).bytes.equals(sent)).toBe(true)
    socket.end()
    await Promise.all([sunk, closed])
    expect(await server.closed).toEqual({ cutOff: 0 })
  })
})

describe('options of TLS', () => {
  test.each([
    [{}, 'createTcpServer.tls.cert'],
    [{ cert: credentials.cert }, 'createTcpServer.tls.key'],
    [{ ...credentials, key: other.key }, 'createTcpServer.tls'],
    [{ ...credentials, cert: 'no PEM' }, 'createTcpServer.tls'],
    [{ ...credentials, ciphers: 'none' }, 'createTcpServer.tls'],
    [{ ...credentials, contexts: { a: { cert: 'no PEM', key: other.key } } }, 'createTcpServer.tls.contexts["a"]'],
    [{ ...credentials, certificate: 1 }, 'createTcpServer.tls.certificate'],
    [{ ...credentials, requestCert: 'yes' }, 'createTcpServer.tls.requestCert'],
    [7, 'createTcpServer.tls'],
  ])('refuses %#, and says nothing of what is in it', (tls, option) => {
    const make = (): unknown => createTcpServer(undefined, { tls: tls as never })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(expect.objectContaining({ option }))
    expect(make).not.toThrow(/BEGIN|no PEM/)
  })
})
