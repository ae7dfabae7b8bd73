import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import {
  CertificateError,
  CLOCK,
  createContainer,
  definePlugin,
  HandshakeTimeoutError,
  type MessageConnection,
  pipeline,
  PluginError,
  respond,
  type ServerEventOf,
  TlsError,
  UpgradeError,
  type UpgradeOptions,
} from '@millrace/core'
import { connectionPair, VirtualClock } from '@millrace/core/testing'
import { connectTcp, createTcpServer, type TcpServer } from '@millrace/tcp'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { authority, server as credentials, stranger } from './support/certificates.ts'
import { askForTls, lines, SERVER, startTls } from './support/starttls.ts'

const servers: Pick<TcpServer<unknown>, 'abort' | 'closed'>[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) {
    server.abort()
    await server.closed
  }
})

/** What the handler was given. */
let heard: string[] = []
afterEach(() => {
  heard = []
})

const shouting = () =>
  respond<string, string>((line) => {
    heard.push(line)
    return line.toUpperCase()
  })

async function listening(starttls = startTls(), container = createContainer()) {
  const server = await createTcpServer(pipeline(lines(), starttls, shouting()), { container }).listen({ port: 0 })
  servers.push(server)
  const closed: ServerEventOf<'connection-closed'>[] = []
  server.events$.subscribe((event) => void (event.type === 'connection-closed' && closed.push(event)))
  return { server, closed, port: server.address?.port ?? 0 }
}

async function rawClient(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {})
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** Node's own client, as far as the answer to STARTTLS. */
async function asked(port: number, said: string): Promise<Socket> {
  const socket = await rawClient(port)
  socket.write(said)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toBe('220 go ahead\r\n')
  return socket
}

async function secured(socket: Socket): Promise<{ secure: TLSSocket; text: () => string }> {
  const secure = tlsConnect({ socket, ca: authority, servername: 'localhost' }).on('error', () => {})
  let text = ''
  secure.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(secure, 'secureConnect')
  return { secure, text: () => text }
}

/** Reads lines until one comes. */
async function until(client: MessageConnection<string, string>, last: string): Promise<string[]> {
  const seen: string[] = []
  for await (const line of client) if (seen.push(line) && line === last) break
  return seen
}

describe('STARTTLS from inside a pipeline', () => {
  test('goes on in TLS at both ends, and what was written meanwhile goes out in it', async () => {
    const { server, closed, port } = await listening()
    const client = await connectTcp({ port }, pipeline(lines(), askForTls()))
    expect(client.tls).toBeUndefined()
    expect((await until(client, 'READY')).at(-1)).toBe('READY')
    expect(client.tls).toMatchObject({ protocol: 'TLSv1.3', authorized: true, servername: 'localhost' })
    expect(client.transport).toBe('tcp')
    client.write('hello')
    expect(await until(client, 'HELLO')).toContain('HELLO')
    const [accepted] = server.connections
    expect(accepted?.tls).toMatchObject({ protocol: 'TLSv1.3', servername: 'localhost' })
    await client.close()
    await vi.waitFor(() => expect(closed).toHaveLength(1))
    expect(closed[0]?.error).toBeUndefined()
    expect(heard).toEqual(['hello'])
  })

  test('speaks with a client of Node, in the clear before and in TLS after', async () => {
    const { port } = await listening()
    const socket = await rawClient(port)
    socket.write('before\r\n')
    expect(String((await once(socket, 'data'))[0])).toBe('BEFORE\r\n')
    socket.write('STARTTLS\r\n')
    expect(String((await once(socket, 'data'))[0])).toBe('220 go ahead\r\n')
    const { secure, text } = await secured(socket)
    secure.write('after\r\n')
    await vi.waitFor(() => expect(text()).toBe('250 welcome\r\nAFTER\r\n'))
    // Half-close is kept in it.
    secure.end('last\r\n')
    await once(secure, 'end')
    expect(text()).toBe('250 welcome\r\nAFTER\r\nLAST\r\n')
  })

  test('begun from a timer it sends nothing in the clear either that was written after', async () => {
    const { port } = await listening()
    const { text } = await secured(await asked(port, 'STARTTLS SOON\r\n'))
    await vi.waitFor(() => expect(text()).toBe('250 welcome\r\n'))
  })

  test('on the public path too', async () => {
    vi.stubEnv('MILLRACE_DRIVER', 'public')
    const { port } = await listening()
    const client = await connectTcp({ port }, pipeline(lines(), askForTls()))
    await until(client, 'READY')
    vi.unstubAllEnvs()
    client.write('hello')
    expect(await until(client, 'HELLO')).toContain('HELLO')
    await client.close()
  })
})

test.each(['native', 'node', 'public'])('STARTTLS that came while reading was held is an upgrade as any other, on the %s driver', async (driver) => {
  vi.stubEnv('MILLRACE_DRIVER', driver)
  const releases: (() => void)[] = []
  const holding = definePlugin({
    name: 'holding',
    open: ({ hold }) => {
      releases.push(hold())
      return { inbound: { push: (chunk: Uint8Array, emit: (chunk: Uint8Array) => void) => emit(chunk) } }
    },
  })
  const server = await createTcpServer(pipeline(holding(), lines(), startTls(), shouting())).listen({ port: 0 })
  servers.push(server)
  vi.unstubAllEnvs()
  const socket = await rawClient(server.address?.port ?? 0)
  const answer = once(socket, 'data')
  socket.write('STARTTLS\r\n')
  await vi.waitFor(() => expect(releases).toHaveLength(1))
  // Another client is with the server: what was written before it is, too.
  await rawClient(server.address?.port ?? 0)
  await vi.waitFor(() => expect(releases).toHaveLength(2))
  releases[0]?.()
  expect(String((await answer)[0])).toBe('220 go ahead\r\n')
  const { secure, text } = await secured(socket)
  secure.write('after\r\n')
  await vi.waitFor(() => expect(text()).toBe('250 welcome\r\nAFTER\r\n'))
})

describe('plaintext behind STARTTLS', () => {
  test('in the same segment is refused, reaches nobody, and ends the connection', async () => {
    const outcomes: unknown[] = []
    const { closed, port } = await listening(startTls(SERVER, (outcome) => void outcomes.push(outcome)))
    const socket = await rawClient(port)
    socket.write('STARTTLS\r\nEVIL\r\n')
    await once(socket.resume(), 'close').catch(() => {})
    await vi.waitFor(() => expect(closed).toHaveLength(1))
    const error = closed[0]?.error as PluginError
    expect(error).toBeInstanceOf(PluginError)
    expect(error).toMatchObject({ plugin: 'starttls', cause: { code: 'MILLRACE_ERR_UPGRADE_REFUSED', reason: 'plaintext' } })
    expect(outcomes).toEqual([error.cause])
    expect(heard).toEqual([])
  })

  test('that is half a line never becomes a part of what comes in TLS', async () => {
    const { port } = await listening()
    const { secure, text } = await secured(await asked(port, 'STARTTLS\r\nEVI'))
    secure.write('L\r\n')
    await vi.waitFor(() => expect(text()).toBe('250 welcome\r\nL\r\n'))
    expect(heard).toEqual(['L'])
  })

  test('in a segment of its own is no handshake', async () => {
    const { closed, port } = await listening()
    const socket = await asked(port, 'STARTTLS\r\n')
    socket.write('EVIL\r\n')
    await vi.waitFor(() => expect(closed).toHaveLength(1))
    expect(closed[0]?.error).toBeInstanceOf(TlsError)
    expect(heard).toEqual([])
  })
})

describe('an upgrade that fails', () => {
  test('by a certificate that the client refuses ends the connection on both sides', async () => {
    const { closed, port } = await listening(startTls({ side: 'server', tls: stranger }))
    const client = await connectTcp({ port }, pipeline(lines(), askForTls()))
    const { error } = await client.closed
    expect(error).toBeInstanceOf(CertificateError)
    await expect(until(client, 'READY')).rejects.toBe(error)
    await vi.waitFor(() => expect(closed).toHaveLength(1))
    expect(closed[0]?.error).toBeInstanceOf(TlsError)
  })

  test('by time is closed', async () => {
    const clock = new VirtualClock()
    const container = createContainer()
    container.register(CLOCK, { useValue: clock })
    const outcomes: unknown[] = []
    const options: UpgradeOptions = { ...SERVER, handshakeTimeout: 300 }
    const { closed, port } = await listening(startTls(options, (outcome) => void outcomes.push(outcome)), container)
    const socket = await asked(port, 'STARTTLS\r\n')
    socket.resume()
    clock.advance(300)
    await vi.waitFor(() => expect(closed).toHaveLength(1))
    expect(closed[0]?.error).toBeInstanceOf(HandshakeTimeoutError)
    expect(outcomes).toEqual([closed[0]?.error])
  })

  test.each(['abort', 'leave'] as const)('by %s while it is under way leaves nothing', async (how) => {
    const { server, closed, port } = await listening()
    const socket = await asked(port, 'STARTTLS\r\n')
    if (how === 'abort') for (const connection of server.connections) connection.abort()
    else socket.destroy()
    await vi.waitFor(() => expect(closed).toHaveLength(1))
    expect(closed[0]?.error).toBeDefined()
    await server.close()
  })
})

describe('an upgrade that cannot be', () => {
  /** Upgrades at the first item, and keeps what comes of it. */
  function trying(outcomes: unknown[], options: UpgradeOptions = SERVER) {
    return definePlugin({
      name: 'trying',
      open: ({ upgrade }) => ({
        inbound: {
          push: () => void upgrade(options).then(() => outcomes.push('secure'), (error: unknown) => outcomes.push(error)),
        },
      }),
    })()
  }
  const refused = (reason: string): unknown => expect.objectContaining({ code: 'MILLRACE_ERR_UPGRADE_REFUSED', reason })

  test('over UDP', async () => {
    const outcomes: unknown[] = []
    const server = await createUdpServer(pipeline(trying(outcomes), respond(() => {}))).listen({ port: 0 })
    servers.push(server)
    const client = await connectUdp({ port: server.address?.port ?? 0 })
    client.write(Buffer.from('x'))
    await vi.waitFor(() => expect(outcomes).toEqual([refused('unsupported')]))
    expect(outcomes[0]).toBeInstanceOf(UpgradeError)
    expect(server.connections.size).toBe(1)
    await client.close()
  })

  test('behind an AsyncStage, or from one', async () => {
    const outcomes: unknown[] = []
    const late = definePlugin({ name: 'late', open: () => ({ inbound: (source: AsyncIterable<Uint8Array>) => source }) })
    const server = await createTcpServer(pipeline(late(), trying(outcomes), respond(() => {}))).listen({ port: 0 })
    servers.push(server)
    ;(await rawClient(server.address?.port ?? 0)).write('x')
    await vi.waitFor(() => expect(outcomes).toEqual([refused('unsupported')]))
  })

  test('a second time, or over TLS', async () => {
    const outcomes: unknown[] = []
    const made = createTcpServer(pipeline(trying(outcomes), respond(() => {})), { tls: credentials })
    const server = await made.listen({ port: 0 })
    servers.push(server)
    const client = await connectTcp({ port: server.address?.port, tls: { ca: authority } })
    client.write(Buffer.from('x'))
    await vi.waitFor(() => expect(outcomes).toEqual([refused('state')]))
    client.abort()
  })

  test('in memory', async () => {
    const [client, server] = connectionPair()
    await expect((server as unknown as { upgrade(o: UpgradeOptions): Promise<unknown> }).upgrade(SERVER)).rejects.toEqual(refused('unsupported'))
    client.abort()
  })

  test('with options that TLS cannot be made with: the connection goes on', async () => {
    const outcomes: unknown[] = []
    const server = await createTcpServer(
      pipeline(trying(outcomes, { side: 'server', tls: { cert: 'no PEM', key: 'no PEM' } }), respond(() => {})),
    ).listen({ port: 0 })
    servers.push(server)
    ;(await rawClient(server.address?.port ?? 0)).write('x')
    await vi.waitFor(() => expect(outcomes).toMatchObject([{ code: 'MILLRACE_ERR_INVALID_OPTION', option: 'upgrade.tls' }]))
    expect(server.connections.size).toBe(1)
  })
})
