import { Buffer } from 'node:buffer'
import {
  CorruptFrameError,
  definePlugin,
  FrameTimeoutError,
  handle,
  InvalidOptionError,
  type MessageConnection,
  pipeline,
  type SocketAddress,
  UnexpectedEndError,
} from '@millrace/core'
import { embed, type Embedded, type EmbedOptions, everySplit } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { connectionGuard, echo, ipFilter, PROXY_HEADER, proxyProtocol, type ProxyProtocolOptions } from '../../src/index.ts'
import { textOf } from '../drive.ts'
import { ip } from './addresses.ts'
import { raw2, v1, v2 } from './proxy-headers.ts'

const BALANCER = ip('127.0.0.1', 5_000)

interface Served {
  readonly embedded: Embedded<unknown, unknown>
  /** What a plugin after it has as the addresses when it is opened. */
  readonly seen: { remote?: SocketAddress; local?: SocketAddress }
}

function serve(options?: ProxyProtocolOptions, rest?: EmbedOptions): Served {
  const seen: Served['seen'] = {}
  const look = definePlugin({
    name: 'look',
    open: ({ connection: { remoteAddress, localAddress } }) => (Object.assign(seen, { remote: remoteAddress, local: localAddress }), {}),
  })
  const subject = pipeline(proxyProtocol(options), look(), echo())
  return { embedded: embed(subject, { remoteAddress: BALANCER, ...rest }) as unknown as Served['embedded'], seen }
}

const text = ({ embedded }: Served): string => textOf(embedded.outbound as Uint8Array[])

type Good = readonly [name: string, header: Buffer, remote: SocketAddress, local: SocketAddress | undefined]
const GOOD: readonly Good[] = [
  ['v1 TCP4', v1('PROXY TCP4 192.0.2.1 198.51.100.1 56324 443'), ip('192.0.2.1', 56_324), ip('198.51.100.1', 443)],
  ['v1 TCP6', v1('PROXY TCP6 2001:db8::1 2001:db8::443 0 65535'), ip('2001:db8::1', 0), ip('2001:db8::443', 65_535)],
  ['v1 UNKNOWN', v1('PROXY UNKNOWN'), BALANCER, undefined],
  ['v1 UNKNOWN with more', v1('PROXY UNKNOWN ffff::1 what ever 1 2 3'), BALANCER, undefined],
  ['v1, the longest', v1(`PROXY UNKNOWN ${'x'.repeat(91)}`), BALANCER, undefined],
  ['v2 IPv4', v2(), ip('192.0.2.1', 56_324), ip('198.51.100.1', 443)],
  ['v2 IPv6', v2({ source: '2001:db8::1' }), ip('2001:db8::1', 56_324), ip('2001:db8::443', 443)],
  ['v2 of a client over UDP', v2({ family: 0x12 }), ip('192.0.2.1', 56_324), ip('198.51.100.1', 443)],
  ['v2 mapped', v2({ source: '::ffff:192.0.2.1' }), ip('192.0.2.1', 56_324), ip('2001:db8::443', 443)],
  ['v2 LOCAL', v2({ command: 0x20 }), BALANCER, undefined],
  ['v2 LOCAL, empty', raw2('20000000'), BALANCER, undefined],
  ['v2 UNSPEC', raw2('21000003ffffff'), BALANCER, undefined],
  ['v2 with TLVs and a checksum', v2({ tlvs: [[1, Buffer.from('h2')], [4, Buffer.alloc(0)]], checksum: true }), ip('192.0.2.1', 56_324), ip('198.51.100.1', 443)],
  [
    'v2 Unix',
    raw2(`213100d8${Buffer.from('/run/a').toString('hex').padEnd(216, '0')}${Buffer.from('/run/b').toString('hex').padEnd(216, '0')}`),
    { address: '/run/a', port: 0, family: 'unix' },
    { address: '/run/b', port: 0, family: 'unix' },
  ],
]

/** Lines that are no header of version 1. */
const LINES = [
  'PROXY TCP4', 'PROXY TCP5 1.1.1.1 1.1.1.1 1 1', 'PROXY TCP4 1.1.1.1 1.1.1.1 1', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1',
  'PROXY TCP4  1.1.1.1 1.1.1.1 1 1', 'PROXY TCP4 ::1 ::1 1 1', 'PROXY TCP6 1.1.1.1 1.1.1.1 1 1', 'PROXY TCP6 fe80::1%eth0 ::1 1 1',
  'PROXY TCP4 1.1.1.1 1.1.1.1 65536 1', 'PROXY TCP4 1.1.1.1 1.1.1.1 01 1', 'PROXY TCP4 1.1.1.1 1.1.1.1 -1 1', 'PROXY TCP4 1.1.1.01 1.1.1.1 1 1',
  'PROXY tcp4 1.1.1.1 1.1.1.1 1 1', 'PROXY UNKNOWNX',
]

type Bad = readonly [name: string, bytes: Buffer, shownBy: number]

describe('proxyProtocol on a stream', () => {
  test.each(GOOD)('%s: the client it names, and every byte after it, however cut', (_, header, remote, local) => {
    const whole = Buffer.concat([header, Buffer.from('PROXY!')])
    for (const chunks of everySplit(whole)) {
      const served = serve()
      served.embedded.writeInbound(...chunks)
      expect(text(served)).toBe('PROXY!')
      expect(served.seen.remote).toEqual(remote)
      if (local) expect(served.seen.local).toEqual(local)
    }
  })

  test('opens nothing before the whole header has come, and then waits for no byte behind it', () => {
    for (const [, header] of GOOD) {
      const { embedded, seen } = serve()
      for (const byte of header.subarray(0, -1)) embedded.writeInbound(Uint8Array.of(byte))
      expect(seen.remote).toBeUndefined()
      embedded.writeInbound(header.subarray(-1))
      expect(seen.remote).toBeDefined()
      expect(embedded.clock.pending).toBe(0)
    }
  })

  test('lets a handler speak first', async () => {
    const greet = handle(async (connection: MessageConnection<Uint8Array, Uint8Array>) => {
      const alpn = connection.attributes.get(PROXY_HEADER)?.tlvs.find(({ type }) => type === 1)?.value
      connection.write(Buffer.from(`${connection.remoteAddress.address} ${String(alpn)}`))
    })
    const embedded = embed(pipeline(proxyProtocol(), greet), { remoteAddress: BALANCER })
    embedded.writeInbound(v2({ tlvs: [[1, Buffer.from('h2')]] }))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('192.0.2.1 h2')
  })

  test.each<Bad>([
    ['nothing of the kind', Buffer.from('GET / HTTP/1.1\r\n'), 1],
    ['nearly v1', Buffer.from('PROXX'), 5],
    ['nearly v2', Buffer.from('\r\n\r\n\0\r\nQUIX', 'latin1'), 11],
    ['v1 too long', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}\r\n`), 108],
    ['v1 with nothing behind', v1('PROXY'), 6],
    ['v1 with LF alone', Buffer.from('PROXY UNKNOWN\n'), 14],
    ...LINES.map((line): Bad => [line, v1(line), v1(line).length]),
    ['v2 of version 3', raw2('31110000'), 16],
    ['v2 with command 2', raw2('22110000'), 16],
    ['v2 of family 4', raw2('21410000'), 16],
    ['v2 of protocol 3', raw2('21130000'), 16],
    ['v2 over maxLength', raw2('21110801'), 16],
    ['v2 too short for its addresses', raw2(`2111000b${'00'.repeat(11)}`), 27],
    ['v2 with half a TLV', raw2(`2111000e${'00'.repeat(14)}`), 30],
    ['v2 with a TLV that runs over', raw2(`21110010${'00'.repeat(12)}01000200`), 32],
    ['v2 with a bad checksum', Buffer.from(v2({ checksum: true }).map((byte, i) => (i === 34 ? byte ^ 1 : byte))), 35],
    ['v2 with a checksum of three bytes', raw2(`21110012${'00'.repeat(12)}030003000000`), 34],
  ])('refuses %s at the byte that shows it', (_, bytes, length) => {
    const served = serve()
    served.embedded.writeInbound(...Array.from(bytes.subarray(0, length - 1), (byte) => Uint8Array.of(byte)))
    expect(served.embedded.closed).toBeUndefined()
    served.embedded.writeInbound(bytes.subarray(length - 1))
    expect(served.embedded.error).toMatchObject({ plugin: 'proxy-protocol', phase: 'push', cause: expect.any(CorruptFrameError) as unknown })
    expect([text(served), served.seen.remote]).toEqual(['', undefined])
  })

  test('takes only the version that it is told to', () => {
    const tries = (version: '1' | '2', header: Buffer): boolean => {
      const { embedded } = serve({ version })
      embedded.writeInbound(header)
      return embedded.closed === undefined
    }
    expect([tries('1', v1('PROXY UNKNOWN')), tries('2', v2())]).toEqual([true, true])
    expect([tries('2', v1('PROXY UNKNOWN')), tries('1', v2())]).toEqual([false, false])
  })

  test('takes a header of exactly maxLength', () => {
    const { embedded, seen } = serve({ maxLength: 36 })
    embedded.writeInbound(v2({ source: '::1' }))
    expect(seen.remote?.address).toBe('::1')
  })

  test('ends a connection whose header does not come in time', () => {
    const { embedded } = serve({ timeout: 1_000 })
    embedded.writeInbound(Buffer.from('PROXY'))
    embedded.clock.advance(999)
    expect(embedded.closed).toBeUndefined()
    embedded.clock.advance(1)
    expect(embedded.error?.cause).toBeInstanceOf(FrameTimeoutError)
    expect(embedded.error?.cause).toMatchObject({ timeout: 1_000 })
  })

  test('takes an end before the first byte for one that only looked, and an end inside the header for an error', () => {
    const looked = serve().embedded
    looked.endInbound()
    expect(looked.closed).toEqual({ initiator: 'remote' })
    expect(looked.clock.pending).toBe(0)
    const cut = serve().embedded
    cut.writeInbound(Buffer.from('PROXY'))
    cut.endInbound()
    expect(cut.error?.cause).toBeInstanceOf(UnexpectedEndError)
  })

  test('passes the end of the input on after the header', () => {
    const { embedded } = serve()
    embedded.writeInbound(v2(), Buffer.from('a'))
    embedded.endInbound()
    expect([embedded.outboundEnded, embedded.error]).toEqual([true, undefined])
  })

  test('keeps nothing of what it is lent', () => {
    const embedded = embed(proxyProtocol(), { remoteAddress: BALANCER, poison: true })
    const header = v2({ tlvs: [[1, Buffer.from('h2')]] })
    embedded.writeInbound(header.subarray(0, 20), Buffer.concat([header.subarray(20), Buffer.from('ab')]), Buffer.from('c'))
    expect(textOf(embedded.inbound)).toBe('abc')
  })
})

describe('proxyProtocol and peers', () => {
  test('turns those away that it does not trust', () => {
    const { embedded } = serve({ trusted: '10.0.0.0/8' })
    expect(embedded.events[0]).toMatchObject({ type: 'connection-refused', reason: 'plugin', detail: expect.stringContaining('trusted') as unknown })
  })

  test('or serves them as they are, with every byte of theirs left alone', () => {
    const served = serve({ trusted: '10.0.0.0/8', untrusted: 'direct' })
    served.embedded.writeInbound(v1('PROXY TCP4 192.0.2.1 198.51.100.1 1 2'))
    expect(served.seen.remote).toEqual(BALANCER)
    expect(text(served)).toBe('PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n')
    expect(served.embedded.clock.pending).toBe(0)
  })

  test('trusts a Unix socket', () => {
    const { embedded, seen } = serve({ trusted: '10.0.0.0/8' }, { remoteAddress: { address: '', port: 0, family: 'unix' } })
    embedded.writeInbound(v2())
    expect(seen.remote?.address).toBe('192.0.2.1')
  })

  test('gives filters behind it the client', () => {
    const of = (client: string): Embedded<never, never> => {
      const filtered = pipeline(proxyProtocol(), ipFilter({ deny: '192.0.2.0/24' }), connectionGuard(), echo())
      const embedded = embed(filtered, { remoteAddress: BALANCER })
      embedded.writeInbound(v2({ source: client }), Buffer.from('hello'))
      return embedded as unknown as Embedded<never, never>
    }
    expect(textOf(of('192.0.3.1').outbound as Uint8Array[])).toBe('hello')
    const refused = of('192.0.2.1')
    expect([refused.outbound, refused.closed]).toEqual([[], { initiator: 'local' }])
    expect(refused.events[1]).toMatchObject({ type: 'connection-refused', remoteAddress: { address: '192.0.2.1' } })
  })

  test.each([[{ trusted: 'all' }], [{ trusted: [] }], [{ version: 1 }], [{ maxLength: 35 }], [{ timeout: 0 }], [{ untrusted: 'drop' }]])(
    'refuses %j',
    (options) => {
      expect(() => proxyProtocol(options as unknown as ProxyProtocolOptions)).toThrow(InvalidOptionError)
    },
  )
})

describe('proxyProtocol on datagrams', () => {
  const datagram = (payload: string, header = v2({ family: 0x12 })): Buffer => Buffer.concat([header, Buffer.from(payload)])
  const dropped = ({ embedded }: Served): unknown[] =>
    embedded.events.flatMap((event) => (event.type === 'frame-dropped' ? [event.error.constructor] : []))

  test('takes a header off each of them, an empty one behind it included', () => {
    const served = serve({}, { datagram: true })
    served.embedded.writeInbound(datagram('ab'), datagram(''), datagram('c'))
    expect(served.embedded.outbound.map((chunk) => textOf([chunk as Uint8Array]))).toEqual(['ab', '', 'c'])
    expect(served.seen.remote).toEqual(ip('192.0.2.1', 56_324))
  })

  test('takes version 1 off each of them too, as nginx sends it', () => {
    const served = serve({}, { datagram: true })
    const header = v1('PROXY TCP4 192.0.2.1 198.51.100.1 56324 443')
    served.embedded.writeInbound(datagram('ab', header), datagram('', header), datagram('c', header))
    expect(served.embedded.outbound.map((chunk) => textOf([chunk as Uint8Array]))).toEqual(['ab', '', 'c'])
    expect(served.seen.remote).toEqual(ip('192.0.2.1', 56_324))
    served.embedded.writeInbound(header.subarray(0, 20), datagram('no', v1('PROXY TCP4 192.0.2.9 198.51.100.1 56324 443')))
    expect(dropped(served)).toEqual([UnexpectedEndError, CorruptFrameError])
  })

  test('drops and counts those without one, cut inside it, of another version, or of another client', () => {
    const served = serve({ version: '2' }, { datagram: true })
    served.embedded.writeInbound(Buffer.from('x'), Buffer.alloc(0), v2().subarray(0, 20), v1('PROXY UNKNOWN'))
    expect(served.seen.remote).toBeUndefined()
    served.embedded.writeInbound(datagram('ab'), datagram('no', v2({ source: '192.0.2.9' })), datagram('no', v2({ command: 0x20 })), datagram('c'))
    expect(text(served)).toBe('abc')
    const [bad, cut] = [CorruptFrameError, UnexpectedEndError]
    expect(dropped(served)).toEqual([bad, cut, cut, bad, bad, bad])
    expect(served.embedded.closed).toBeUndefined()
  })
})
