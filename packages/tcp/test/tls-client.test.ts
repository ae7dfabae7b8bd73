import { once } from 'node:events'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import {
  CertificateError,
  CLOCK,
  ConnectError,
  type Connection,
  ConnectionTruncatedError,
  ConnectTimeoutError,
  createContainer,
  InvalidOptionError,
  TlsError,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { authority, client, expired, other, server as credentials, stranger } from '../../../test/support/certificates.ts'
import { connectTcp, createTcpServer, reconnectTcp, type TcpConnectOptions } from '../src/index.ts'
import { pattern, socketPath, tracked } from './loopback.ts'
import { expectNothingLeft, kept } from './support.ts'

const MIB = 1024 * 1024
expectNothingLeft()
const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

/** Node's own server. */
async function nodeServer(options: TlsOptions, onSecure: (socket: TLSSocket) => void = () => {}): Promise<number> {
  const server = createServer({ allowHalfOpen: true, ...options }, (socket) => {
    tracked(socket.on('error', () => {}))
    onSecure(socket)
  })
  server.on('connection', (socket: Socket) => void tracked(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function firstOf(server: AsyncIterable<Connection>): Promise<Connection> {
  for await (const connection of server) return connection
  throw new Error('there was none')
}

// What a check of a caller that has a mistake does.
const thrower = (): never => {
  throw Object.assign(new Error('no'), { code: 'BROKEN' })
}

const failureOf = (options: TcpConnectOptions): Promise<unknown> =>
  connectTcp(options).then(
    (connection) => connection.abort(),
    (error: unknown) => error,
  )

async function collect(connection: Connection): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of connection) chunks.push(chunk)
  void connection.close()
  return Buffer.concat(chunks)
}

test('whoever logs a connection does not log its private key', async () => {
  const server = createTcpServer(undefined, { tls: credentials })
  const { address } = await server.listen({ port: 0 })
  const accepted = firstOf(server)
  const connection = await connectTcp({ port: address?.port as number, host: '127.0.0.1', tls: { ca: authority, ...client } })
  for (const end of [connection, await accepted]) {
    const text = inspect(end, { depth: 12, showHidden: true, maxStringLength: null })
    expect(text).toContain('highWaterMark')
    expect(text).not.toContain('PRIVATE KEY')
    expect(text).not.toContain(String(credentials.key))
  }
  connection.abort()
  server.abort()
  await server.closed
})

describe('connectTcp over TLS', () => {
  test('tells what the handshake has settled', async () => {
    const port = await nodeServer({ ...credentials, ALPNProtocols: ['lines/1'] }, (socket) => socket.end())
    const connection = await connectTcp({ host: 'localhost', port, tls: { ca: authority, ALPNProtocols: ['lines/1'] } })
    expect(connection).toMatchObject({ transport: 'tls', datagram: false, remoteAddress: { port } })
    expect(connection.tls).toMatchObject({ protocol: 'TLSv1.3', alpnProtocol: 'lines/1', servername: 'localhost', authorized: true })
    expect(connection.tls?.peerCertificate?.subject).toBe('CN=localhost')
    await collect(connection)
  })

  test('sends 8 MiB, half-closes, and reads the answer', async () => {
    const port = await nodeServer(credentials, (socket) => socket.pipe(socket))
    const connection = await connectTcp({ port, tls: { ca: authority } })
    const sent = pattern(8 * MIB)
    const [answer] = await Promise.all([collect(connection), connection.sink([sent])])
    expect(answer.equals(sent)).toBe(true)
    expect(await connection.closed).toEqual({ initiator: 'local' })
  })

  test('reaches a Unix socket', async () => {
    const path = socketPath()
    const server = kept(await createTcpServer(undefined, { tls: credentials }).listen({ path }))
    const connection = await connectTcp({ path, tls: { ca: authority } })
    const accepted = (await server[Symbol.asyncIterator]().next()).value as Connection
    expect([connection.transport, accepted.transport, accepted.remoteAddress.family]).toEqual(['tls', 'tls', 'unix'])
    connection.write(Buffer.from('hello'))
    void connection.closeWrite()
    expect((await collect(accepted)).toString()).toBe('hello')
    connection.abort()
    await accepted.close()
  })

  test('shows a certificate of its own', async () => {
    const subjects: (string | undefined)[] = []
    const port = await nodeServer({ ...credentials, ca: authority, requestCert: true }, (socket) => {
      subjects.push(socket.getPeerX509Certificate()?.subject)
      socket.end()
    })
    await collect(await connectTcp({ port, tls: { ca: authority, ...client } }))
    expect(subjects).toEqual(['CN=client'])
  })

  test('that shows none where one is wanted is told so, and does not take it for a stream that is no TLS', async () => {
    const port = await nodeServer({ ...credentials, ca: authority, requestCert: true }, (socket) => socket.end())
    const connection = await connectTcp({ port, tls: { ca: authority } })
    const error = await collect(connection).then(() => undefined, (thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TlsError)
    expect(error).toMatchObject({ reason: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })
    expect((error as Error).message).toMatch(/has ended TLS with an alert/)
  })

  test.each([
    ['nobody vouches for', stranger, {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['has expired', expired, {}, 'CERT_HAS_EXPIRED'],
    ['is for another name', other, {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['its own check refuses', credentials, { checkServerIdentity: () => Object.assign(new Error('no'), { code: 'PINNED' }) }, 'PINNED'],
    ['its own check fails over', credentials, { checkServerIdentity: thrower }, 'BROKEN'],
  ])('refuses a certificate that %s', async (_, shown, tls, reason) => {
    const port = await nodeServer(shown)
    const error = await failureOf({ port, tls: { ca: authority, ...tls } })
    expect(error).toBeInstanceOf(CertificateError)
    expect(error).toMatchObject({ reason, address: `127.0.0.1:${port}`, cause: expect.any(Error) })
  })

  test('takes any certificate with rejectUnauthorized false, and tells why it would not have', async () => {
    const port = await nodeServer(stranger, (socket) => socket.end())
    const connection = await connectTcp({ port, tls: { rejectUnauthorized: false } })
    expect(connection.tls).toMatchObject({ authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await collect(connection)
  })

  test('refuses what the certificate is not for, by servername', async () => {
    const port = await nodeServer(other, (socket) => socket.end())
    await collect(await connectTcp({ port, tls: { ca: authority, servername: 'other.example.org' } }))
    expect(await failureOf({ port, tls: { ca: authority, servername: 'localhost' } })).toBeInstanceOf(CertificateError)
  })

  test('fails with ConnectError where there is no protocol in common, or the server ends, or it is no TLS', async () => {
    const port = await nodeServer({ ...credentials, ALPNProtocols: ['mine'] })
    const alpn = await failureOf({ port, tls: { ca: authority, ALPNProtocols: ['other'] } })
    expect(alpn).toBeInstanceOf(ConnectError)
    expect(alpn).toMatchObject({ cause: { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' } })
    for (const [answer, code] of [['', 'ECONNRESET'], ['220 mail.example.org\r\n', 'ERR_SSL_WRONG_VERSION_NUMBER']] as const) {
      const plain = createNetServer((socket) => void tracked(socket).on('error', () => {}).end(answer)).listen(0, '127.0.0.1')
      await once(plain, 'listening')
      closing.push(() => plain.close())
      const error = await failureOf({ port: (plain.address() as AddressInfo).port, tls: true })
      expect(error).toBeInstanceOf(ConnectError)
      expect(error).toMatchObject({ cause: { code } })
    }
  })

  test('bounds the handshake by connectTimeout, and gives it up by its signal', async () => {
    const silent = createNetServer((socket) => void tracked(socket).resume()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closing.push(() => silent.close())
    const { port } = silent.address() as AddressInfo
    const clock = new VirtualClock()
    const container = createContainer()
    container.register(CLOCK, { useValue: clock })
    const late = failureOf({ port, tls: true, connectTimeout: 900, container })
    await once(silent, 'connection')
    clock.advance(900)
    expect(await late).toBeInstanceOf(ConnectTimeoutError)
    const over = new AbortController()
    const given = failureOf({ port, tls: true, signal: over.signal })
    await once(silent, 'connection')
    over.abort(new RangeError('enough'))
    expect(await given).toBe(over.signal.reason)
  })

  test('takes an end without a close_notify for what it is', async () => {
    const port = await nodeServer(credentials, (socket) => {
      socket.write('some', () => (socket as unknown as { _parent: Socket })._parent.end())
    })
    const connection = await connectTcp({ port, tls: { ca: authority } })
    const reading = connection.source[Symbol.asyncIterator]()
    expect(Buffer.from((await reading.next()).value ?? []).toString()).toBe('some')
    await expect(reading.next()).rejects.toBeInstanceOf(ConnectionTruncatedError)
    expect((await connection.closed).error).toBeInstanceOf(ConnectionTruncatedError)
  })

  test.each([
    [{ ca: 'no PEM', cert: 'no PEM' }, 'connectTcp.tls'],
    [{ serverName: 'a' }, 'connectTcp.tls.serverName'],
    ['yes', 'connectTcp.tls'],
  ])('refuses the options %#', async (tls, option) => {
    const error = await failureOf({ port: 1, tls: tls as never })
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error).toMatchObject({ option })
  })
})

describe('reconnectTcp over TLS', () => {
  test('makes a handshake for each connection, and tries again where a certificate was refused', async () => {
    const server = kept(await createTcpServer(undefined, { tls: credentials }).listen({ port: 0 }))
    server.connections$.subscribe((connection) => void connection.close())
    let refusals = 2
    const checkServerIdentity = (): Error | undefined => (refusals-- > 0 ? new Error('not yet') : undefined)
    const tls = { ca: authority, checkServerIdentity }
    let made = 0
    for await (const connection of reconnectTcp({ port: server.address?.port, tls, initialDelay: 1, random: () => 0 })) {
      expect(connection.tls?.authorized).toBe(true)
      await connection.close()
      if (++made === 3) break
    }
    expect(refusals).toBe(-3)
  })

  test('throws the last refusal after maxAttempts', async () => {
    const server = kept(await createTcpServer(undefined, { tls: stranger }).listen({ port: 0 }))
    const options = { port: server.address?.port, tls: true, initialDelay: 1, random: () => 0, maxAttempts: 3 } as const
    await expect(reconnectTcp(options)[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(CertificateError)
    await vi.waitFor(() => expect(server.counters.refusedFor.handshake).toBe(3))
  })
})
