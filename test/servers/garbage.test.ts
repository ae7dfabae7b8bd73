import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { generate as coapPacket } from 'coap-packet'
import dns from 'dns-packet'
import { generate as mqttPacket, type Packet } from 'mqtt-packet'
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '@millrace/core/testing'
import { seededBytes } from '../support/bytes.ts'
import { pemPath } from '../support/certificates.ts'
import { ExampleServer } from '../support/example-server.ts'
import { RawPeer } from '../support/raw-peer.ts'

type Samples = Readonly<Partial<Record<'datagrams' | 'streams', readonly Buffer[]>>>

/** A server, what is sent to it that is good before it is spoilt, and who is served all the while. */
interface Subject extends Samples {
  readonly tls?: true
  /** Rejects, or does not settle, where the server is in disorder. */
  readonly good: (port: number) => Promise<void>
}

const latin1 = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'))
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const together = (...packets: readonly Packet[]): Buffer => Buffer.concat(packets.map((packet) => mqttPacket(packet)))

const question = dns.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'wheel.mill.test' }] })
const framed = dns.streamEncode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'wheel.mill.test' }] })
const commands = latin1(
  '*1\r\n$4\r\nPING\r\n',
  '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n',
  '*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n',
  'INCR n\r\n',
)
const mqttConnect = (clientId: string): Packet =>
  ({ cmd: 'connect', clientId, protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 })
const published: Packet = { cmd: 'publish', topic: 'a/b', payload: 'turning', qos: 1, messageId: 2, dup: false, retain: true }
const subscribed: Packet = { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/#', qos: 1 }] }
const proxied = hex('0d0a0d0a000d0a515549540a 21 11 000c c0000201 c0000202 03e8 0050 6869')

/** Sends, and waits until what has come has so much of what is wanted. */
async function ask(port: number, words: Uint8Array, wanted: string): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(words)
  let heard = ''
  for await (const chunk of socket) {
    heard += (chunk as Buffer).toString('latin1')
    if (heard.includes(wanted)) return
  }
  throw new Error(`it has ended behind ${JSON.stringify(heard)}`)
}

/** The same over UDP, again until it is answered: datagrams may be lost where many come. */
async function askUdp(port: number, words: Uint8Array, wanted: string): Promise<void> {
  await using peer = await RawPeer.open()
  const again = setInterval(() => peer.send(words, port), 250)
  try {
    peer.send(words, port)
    while (!(await peer.next()).data.toString('latin1').includes(wanted));
  } finally {
    clearInterval(again)
  }
}

let visitors = 0
const get = (messageId: number): Buffer =>
  coapPacket({ code: 'GET', confirmable: true, messageId, options: [{ name: 'Uri-Path', value: Buffer.from('greeting') }] })

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'behind-a-load-balancer': {
    streams: [proxied, ...latin1('PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\nhello')],
    datagrams: [proxied, ...latin1('PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\nhello')],
    good: (port) => ask(port, Buffer.from('PROXY TCP4 192.0.2.9 192.0.2.2 1000 80\r\n'), '192.0.2.9'),
  },
  'chat-room': {
    streams: latin1('ada\nhello\n/who\n', 'zed\n/quit\n'),
    datagrams: latin1('bob', 'eve\nhello'),
    good: (port) => ask(port, Buffer.from(`visitor${++visitors}\n`), 'here'),
  },
  'coap-server': {
    datagrams: [get(1), hex('42 01 1235 0102 60 55 776865656c'), hex('42 03 1236 0102 b5 776865656c ff 7475726e'), hex('40000001')],
    good: (port) => askUdp(port, get(7), 'hello'),
  },
  'dns-server': { datagrams: [question], streams: [framed], tls: true, good: (port) => askUdp(port, question, 'wheel') },
  'mqtt-broker': {
    streams: [together(mqttConnect('fuzz'), subscribed, published), together(mqttConnect('other'), published, { cmd: 'pingreq' })],
    tls: true,
    good: (port) => ask(port, together(mqttConnect('good'), { cmd: 'pingreq' }), '\xd0\0'),
  },
  'resp-server': { streams: commands, tls: true, good: (port) => ask(port, Buffer.from('ECHO good\r\n'), 'good') },
  'statsd-aggregator': {
    streams: latin1('level:7|g\nlevel:-2|g\nnonsense\n'),
    datagrams: latin1('visits:1|c\nload:320|ms|@0.5\nusers:ada|s'),
    good: async (port) => void (await once(connect(port, '127.0.0.1').end('visits:1|c\n').resume(), 'end')),
  },
  'syslog-collector': {
    streams: latin1('11 <34>1 - - a', '<34>Oct 11 22:14:15 host su: by hand\n'),
    datagrams: latin1('<34>1 2003-10-11T22:14:15.003Z host app - ID47 [ex@1 a="b"] text', '<13>Oct 11 22:14:15 host su[1]: x'),
    tls: true,
    good: async (port) => void (await once(connect(port, '127.0.0.1').end('9 <34>good!').resume(), 'end')),
  },
  'tftp-server': {
    datagrams: latin1('\0\x01LICENSE\0octet\0', '\0\x01LICENSE\0octet\0blksize\x001000\0', '\0\x03\0\x01abc', '\0\x04\0\x01'),
    good: (port) => askUdp(port, Buffer.from('\0\x01LICENSE\0octet\0', 'latin1'), 'MIT'),
  },
}

/** Anything, or something good that is cut off, changed, or sent with a part of another. */
function spoil(samples: readonly Buffer[], random: (below: number) => number): Buffer {
  const sample = Buffer.from(samples[random(samples.length)] as Buffer)
  const place = random(sample.length)
  switch (random(4)) {
    case 0:
      return Buffer.from(seededBytes(1 + random(600), random(1e9)))
    case 1:
      return sample.subarray(0, place)
    case 2:
      for (let i = 0; i < 3; i++) sample[random(sample.length)] = random(256)
      return sample
    default:
      return Buffer.concat([sample.subarray(0, place), samples[random(samples.length)] as Buffer])
  }
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** Has a stream take it, half of the time without reading, and be gone. */
async function pour(port: number, bytes: Buffer, { secure, reads }: { readonly secure: boolean; readonly reads: boolean }): Promise<void> {
  const to = { port, host: '127.0.0.1' }
  const socket = secure ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to)
  socket.on('error', () => {})
  const gone = once(socket, 'close').catch(() => {})
  if (reads) socket.resume()
  socket.end(bytes, () => socket.destroySoon())
  if (!reads) socket.destroySoon()
  await gone
}

describe.each(Object.entries(SUBJECTS))('%s', (name, { datagrams, streams, tls, good }) => {
  let server: ExampleServer | undefined
  afterEach(() => server?.kill())

  test('is told nonsense on every transport, serves others meanwhile, says nothing of it, and drains', async () => {
    const flags = tls ? ['--tls', '0', '--cert', pemPath('server.pem'), '--key', pemPath('server.key')] : []
    server = new ExampleServer(name, ...flags)
    const port = await server.port
    const secure = tls ? await server.tlsPort : undefined
    const told = server.stderr
    const next = seededRandom(7)
    const random = (below: number): number => Math.floor(next() * below)
    for (let round = 0; round < 8; round++) {
      const sockets = await Promise.all(Array.from({ length: datagrams ? 3 : 0 }, () => openSocket()))
      for (let i = 0; datagrams && i < 30; i++) sockets[i % 3]?.send(spoil(datagrams, random), port, '127.0.0.1')
      const pouring: Promise<void>[] = []
      for (let i = 0; streams && i < 12; i++) {
        pouring.push(pour(port, spoil(streams, random), { secure: false, reads: random(2) === 0 }))
        if (secure !== undefined && i < 4) pouring.push(pour(secure, spoil(streams, random), { secure: i > 0, reads: true }))
      }
      await good(port)
      await Promise.all(pouring)
      for (const socket of sockets) socket.close()
    }
    expect(server.stderr).toBe(told)
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    // What is told is told in lines of JSON, whole and its own.
    for (const line of server.stdout.split('\n').slice(0, -1)) expect(() => JSON.parse(line) as unknown).not.toThrow()
  })
})
