import { Buffer } from 'node:buffer'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import dns from 'dns-packet'
import { ConnectionTruncatedError, type ServerEvent, type ServerEventOf, TlsError, type TlsServeOptions } from 'millrace'
import { generate } from 'mqtt-packet'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startDns } from '../../examples/servers/dns-server.ts'
import { startMqtt } from '../../examples/servers/mqtt-broker.ts'
import { startRespServer } from '../../examples/servers/resp-server.ts'
import { type Running, runningOf } from '../../examples/servers/shared/running.ts'
import { startSyslogCollector } from '../../examples/servers/syslog-collector.ts'
import { authority, server as credentials } from '../support/certificates.ts'

const prefixed = (message: Buffer): Buffer => Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
const question = prefixed(dns.encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'wheel.mill.test' }] }))
const hello = generate({ cmd: 'connect', clientId: 'c', clean: true, keepalive: 0, protocolId: 'MQTT', protocolVersion: 4 })
const collected: string[] = []
const collect = ({ text }: { readonly text: string }): void => void collected.push(text)

interface Served {
  readonly start: (tls: TlsServeOptions) => Promise<Running>
  /** What a client says, and how the answer to it begins. */
  readonly says: Buffer
  readonly hears: Buffer
  /** More than it takes at once, if it has such a limit, and what it answers. */
  readonly tooMuch?: Buffer
  readonly refusal?: RegExp
}

const SERVERS: Readonly<Record<string, Served>> = {
  'dns-server': { start: (tls) => startDns({ tls }), says: question, hears: Buffer.from([0, 64, 0, 7, 0x84, 0]) },
  'mqtt-broker': {
    start: (tls) => startMqtt({ tls }),
    says: hello,
    hears: Buffer.from([0x20, 2, 0, 0]),
    tooMuch: Buffer.from([0x30, 0xff, 0xff, 0x7f]),
    refusal: /^$/,
  },
  'resp-server': {
    start: async (tls) => runningOf(await startRespServer({ tls })),
    says: Buffer.from('PING\r\n'),
    hears: Buffer.from('+PONG\r\n'),
    tooMuch: Buffer.from('*1\r\n$99999999\r\n'),
    refusal: /^-ERR Protocol error: a frame of 99999999 bytes exceeds the limit/,
  },
  'syslog-collector': {
    start: (tls) => startSyslogCollector({ tls, collect }),
    says: Buffer.from('29 <34>1 - - demo - - - over TLS'),
    hears: Buffer.alloc(0),
    tooMuch: Buffer.from(`9000 <34>${'x'.repeat(9000)}`),
    refusal: /^$/,
  },
}

/** Of any server of the process. */
const events: ServerEvent[] = []
const note = (event: unknown): void => void events.push(event as ServerEvent)
const TYPES = ['connection-refused', 'connection-closed'] as const
const ofType = <T extends (typeof TYPES)[number]>(type: T): ServerEventOf<T>[] =>
  events.filter((event): event is ServerEventOf<T> => event.type === type)

describe.each(Object.entries(SERVERS))('%s over TLS', (_name, { start, says, hears, tooMuch, refusal }) => {
  let running: Running
  const sockets: Socket[] = []
  beforeEach(async () => {
    for (const type of TYPES) subscribe(`millrace:${type}`, note)
    running = await start({ port: 0, ...credentials })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await running.close()
    for (const type of TYPES) unsubscribe(`millrace:${type}`, note)
    events.length = collected.length = 0
  })

  const tracked = <S extends Socket>(socket: S): S => {
    sockets.push(socket)
    return socket.on('error', () => {})
  }
  const plain = (): Socket =>
    tracked(connectPlain({ port: running.tlsPort as number, host: '127.0.0.1', allowHalfOpen: true }))
  async function client(beneath?: Socket): Promise<TLSSocket> {
    const common: ConnectionOptions & { allowHalfOpen: boolean } = { ca: authority, allowHalfOpen: true }
    const address = { port: running.tlsPort as number, host: '127.0.0.1' }
    const socket = tracked(connectTls({ ...common, ...(beneath ? { socket: beneath } : address) }))
    await once(socket, 'secureConnect')
    return socket
  }
  /** Says something, and waits until it is answered or collected. */
  async function served(socket: TLSSocket): Promise<void> {
    socket.write(says)
    if (hears.length === 0) return vi.waitFor(() => expect(collected).toEqual(['over TLS']))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.subarray(0, hears.length)).toEqual(hears)
  }

  test('answers a client that has half-closed, and ends cleanly', async () => {
    const socket = await client()
    socket.end(says)
    const answer = await buffer(socket)
    expect(answer.subarray(0, hears.length)).toEqual(hears)
    if (hears.length === 0) expect(collected).toEqual(['over TLS'])
    await vi.waitFor(() => expect(ofType('connection-closed')).toHaveLength(1))
    expect(ofType('connection-closed')[0]?.error).toBeUndefined()
  })

  test('drains while a client is connected, who sees a clean end', async () => {
    const socket = await client()
    await served(socket)
    const rest = buffer(socket.on('end', () => socket.end()))
    await running.close()
    expect(await rest).toEqual(Buffer.alloc(0))
    expect(await running.closed).toEqual({ cutOff: 0 })
    const [event, ...others] = ofType('connection-closed')
    expect([event?.error, others]).toEqual([undefined, []])
  })

  test('closes and reports a client that speaks no TLS', async () => {
    const socket = plain()
    socket.end(Buffer.concat([says, Buffer.alloc(32)]))
    // OpenSSL may send an alert; nothing else.
    expect((await buffer(socket)).length).toBeLessThan(16)
    await vi.waitFor(() => expect(ofType('connection-refused')).toMatchObject([{ transport: 'tls', reason: 'handshake' }]))
    expect(ofType('connection-refused')[0]?.error).toBeInstanceOf(TlsError)
    expect(collected).toEqual([])
  })

  test('reports a client whose end is no end of TLS, after what it had said', async () => {
    const beneath = plain()
    await served(await client(beneath))
    beneath.end()
    await vi.waitFor(() => expect(ofType('connection-closed')).toHaveLength(1))
    expect(ofType('connection-closed')[0]?.error).toBeInstanceOf(ConnectionTruncatedError)
  })

  if (tooMuch === undefined) return
  test('closes a client that says too much at once', async () => {
    const socket = await client()
    socket.write(tooMuch)
    socket.on('end', () => socket.end())
    expect((await buffer(socket)).toString()).toMatch(refusal as RegExp)
    await vi.waitFor(() => expect(ofType('connection-closed')).toHaveLength(1))
    const { error } = ofType('connection-closed')[0] ?? {}
    expect(error).toMatchObject({ cause: { code: 'MILLRACE_ERR_FRAME_TOO_LONG' } })
  })
})

test('a line to the syslog collector over TLS, which knows none (RFC 5425, 4.3), ends that connection', async () => {
  const errors: unknown[] = []
  const onEvent = (event: ServerEvent): void => {
    if (event.type === 'connection-closed') errors.push(event.error?.cause)
  }
  await using running = await startSyslogCollector({ collect, onEvent, tls: { port: 0, ...credentials } })
  collected.length = 0
  const socket = connectTls({ port: running.tlsPort as number, ca: authority, host: '127.0.0.1' })
  socket.end('5 <34>a<34>b\n5 <34>c')
  await buffer(socket)
  expect(collected).toEqual(['a'])
  await vi.waitFor(() => expect(errors).toHaveLength(1))
  expect(errors).toMatchObject([{ code: 'MILLRACE_ERR_CORRUPT_FRAME', offset: 7 }])
})
