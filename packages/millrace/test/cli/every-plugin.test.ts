import { Buffer } from 'node:buffer'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { run, type Serve, startServe } from './command.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'every-plugin-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A pipeline with one plugin in it, as somebody would type it. Bytes are characters here. */
interface Row {
  readonly words: string
  readonly sent: string
  /** What comes back over TCP, behind the client's half-close. */
  readonly back: string
  /** The same of UDP, where it is not alike. */
  readonly udp?: Partial<Pick<Row, 'sent' | 'back'>>
  /** Makes of the answer what can be compared. */
  readonly read?: (answer: Buffer) => Buffer
  /** What else shows that it has been at work, when the server has ended. */
  readonly sign?: (serve: Serve) => void
}

const gzipped = gzipSync('abc').toString('latin1')
const V2 = '\r\n\r\n\0\r\nQUIT\n'
const PROXIED = '\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\0\x01\0\x02'
const capture = path.join(folder, 'a.pcap')

/** By name. A plugin that comes with Millrace and has no row here fails. */
const ROWS: Readonly<Record<string, Row>> = {
  'logging': {
    words: 'logging:hex echo',
    sent: 'abc',
    back: 'abc',
    sign: ({ stderr }) => expect(stderr).toMatch(/"payload":\["0{8}  61 62 63 /),
  },
  'chunker': { words: 'chunker:2 echo', sent: 'abc', back: 'abc', udp: { back: 'ab|c' } },
  'uppercaser': { words: 'uppercaser echo', sent: 'abc', back: 'ABC' },
  'echo': { words: 'echo', sent: 'abc', back: 'abc' },
  'discard': { words: 'discard', sent: 'abc', back: '' },
  'lines': { words: 'lines:maxLength=4096 uppercaser echo', sent: 'a\nb\r\n', back: 'A\nB\n', udp: { back: 'A\n|B\n' } },
  'delimiter': { words: 'delimiter:; echo', sent: 'a;bc;', back: 'a;bc;', udp: { back: 'a;|bc;' } },
  'fixed-length': { words: 'fixed-length:2 echo', sent: 'abcd', back: 'abcd', udp: { back: 'ab|cd' } },
  'length-prefixed': { words: 'length-prefixed:2 uppercaser echo', sent: '\0\x02ab', back: '\0\x02AB' },
  'varint-prefixed': { words: 'varint-prefixed uppercaser echo', sent: '\x02ab', back: '\x02AB' },
  'netstring': { words: 'netstring uppercaser echo', sent: '2:ab,', back: '2:AB,' },
  'slip': { words: 'slip uppercaser echo', sent: '\xc0ab\xc0', back: '\xc0AB\xc0' },
  'cobs': { words: 'cobs uppercaser echo', sent: '\x03ab\0', back: '\x03AB\0' },
  'json': { words: 'lines json echo', sent: '{ "a": 1 }\n', back: '{"a":1}\n' },
  'json-lines': { words: 'json-lines echo', sent: '{ "a": 1 }\n', back: '{"a":1}\n' },
  'msgpack': { words: 'length-prefixed:1 msgpack echo', sent: '\x02\x91\xc0', back: '\x02\x91\xc0' },
  'text': { words: 'lines text:latin1 echo', sent: 'caf\xe9\n', back: 'caf\xe9\n' },
  'ip-filter': { words: 'ip-filter:127.0.0.0/8|::1 echo', sent: 'abc', back: 'abc' },
  'connection-guard': { words: 'connection-guard:10,maxPerAddress=2 echo', sent: 'abc', back: 'abc' },
  'rate-limit': { words: 'rate-limit:1000000 echo', sent: 'abc', back: 'abc' },
  'frame-timeout': { words: 'frame-timeout:2000 lines echo', sent: 'abc\n', back: 'abc\n' },
  'proxy-protocol': {
    words: 'proxy-protocol:127.0.0.1 logging echo',
    sent: 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nabc',
    back: 'abc',
    udp: { sent: `${V2}\x21\x12${PROXIED}abc` },
    sign: ({ stderr }) => expect(stderr).toContain('"remoteAddress":"192.0.2.1:1"'),
  },
  'idle': { words: 'idle:5000 echo', sent: 'abc', back: 'abc' },
  'faults': { words: 'faults:7,duplicate=1,direction=inbound echo', sent: 'abc', back: 'abcabc', udp: { back: 'abc|abc' } },
  'pcap': {
    words: `pcap:${capture} echo`,
    sent: 'abc',
    back: 'abc',
    sign: () => expect(readFileSync(capture).subarray(0, 4).toString('hex')).toMatch(/^(d4c3b2a1|a1b2c3d4|4d3cb2a1|a1b23c4d)$/),
  },
  'compress': { words: 'compress:gzip uppercaser echo', sent: gzipped, back: 'ABC', read: gunzipSync },
}

async function overTcp(port: number, sent: string): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(Buffer.from(sent, 'latin1'))
  return buffer(socket)
}

/** Sends a datagram, and waits for so many. */
async function overUdp(port: number, sent: string, count: number): Promise<Buffer[]> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const answers: Buffer[] = []
  socket.on('message', (answer: Buffer) => answers.push(answer))
  socket.send(Buffer.from(sent, 'latin1'))
  await expect.poll(() => answers.length, { timeout: 10_000, interval: 5 }).toBe(count)
  socket.close()
  return answers
}

describe('every plugin works from the shell', () => {
  test('has a row', async () => {
    const { stdout } = await run(['plugins', '--json'])
    expect(Object.keys(ROWS)).toEqual((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name))
    for (const [name, { words }] of Object.entries(ROWS)) expect(words.split(/[ :]/)).toContain(name)
  })

  test.each(Object.entries(ROWS))('%s', async (_name, { words, sent, back, udp, read = (answer) => answer, sign }) => {
    const serve = await startServe(['--tcp', '0', '--udp', '0', ...words.split(' ')], 2)
    expect(read(await overTcp(serve.tcp, sent)).toString('latin1')).toBe(back)
    const datagrams = (udp?.back ?? back).split('|').filter(Boolean)
    const answers = await overUdp(serve.udp, udp?.sent ?? sent, datagrams.length)
    expect(answers.map((answer) => read(answer).toString('latin1'))).toEqual(datagrams)
    serve.kill('SIGTERM')
    expect((await serve.ended).code).toBe(0)
    sign?.(serve)
  })
})
