import { Buffer } from 'node:buffer'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  buildPipeline,
  CLOCK,
  createContainer,
  InvalidOptionError,
  pipeline,
  StatelessRun,
} from '@millrace/core'
import { embed, type EmbedOptions, seededRandom, VirtualClock } from '@millrace/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { echo, Pcap, pcap, type PcapOptions } from '../../src/index.ts'
import { CaptureFile, type CaptureLoss } from '../../src/guards/capture-file.ts'
import { packetEnds, TcpFlow } from '../../src/guards/captured-flow.ts'
import { ip } from './addresses.ts'
import { readPcap, type ReadPacket } from './read-pcap.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pcap-'))
})
afterEach(() => rm(folder, { recursive: true }))
const file = (name = 'a.pcap'): string => path.join(folder, name)

/** Serves an echo under capture, and gives the packets when all is closed. */
async function captured(
  options: Partial<PcapOptions>,
  rest: EmbedOptions,
  work: (embedded: ReturnType<typeof start>['embedded']) => void,
): Promise<{ packets: ReadPacket[]; events: unknown[] }> {
  const { embedded, built } = start(options, rest)
  work(embedded)
  await embedded.settled()
  await built.dispose?.()
  const events = embedded.events.flatMap((event) => (event.type === 'plugin-event' ? [event.payload] : []))
  return { packets: readPcap(await readFile(file())), events }
}

function start(options: Partial<PcapOptions>, rest: EmbedOptions) {
  const clock = new VirtualClock()
  const configured = pcap({ path: file(), ...options })
  const built = configured.build(createContainer().register(CLOCK, { useValue: clock }))
  const once = { ...configured, build: () => ({ ...bound(built), dispose: () => {} }) } as typeof configured
  return { built, embedded: embed(pipeline(once, echo()), { clock, remoteAddress: ip('192.0.2.1', 5_000), localAddress: ip('198.51.100.1', 7), ...rest }) }
}

const bound = (plugin: ReturnType<ReturnType<typeof pcap>['build']>): typeof plugin => ({
  name: plugin.name, perDatagram: true, open: (context) => plugin.open(context),
})

const shape = ({ from, flags, sequence, acknowledgement, payload }: ReadPacket): unknown[] =>
  [from.split(' ')[1] === '7' ? 'us' : 'peer', flags, sequence, acknowledgement, payload]

/** A capture of these packets, all of it in memory. */
function asCapture(packets: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt32LE(101, 20)
  const records = packets.flatMap((packet) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(packet.length, 8)
    record.writeUInt32LE(packet.length, 12)
    return [record, packet]
  })
  return Buffer.concat([header, ...records])
}

describe('pcap of a stream', () => {
  test('has a handshake, the bytes in order with right numbers and checksums, and an end', async () => {
    const { packets } = await captured({}, {}, (embedded) => {
      embedded.writeInbound(Buffer.from('abc'))
      embedded.clock.advance(1_500)
      embedded.writeInbound(Buffer.from('de'))
      embedded.endInbound()
    })
    expect(packets.map(shape)).toEqual([
      ['peer', 'S', 0, 0, ''],
      ['us', 'SA', 0, 1, ''],
      ['peer', 'A', 1, 1, ''],
      ['peer', 'PA', 1, 1, 'abc'],
      ['us', 'PA', 1, 4, 'abc'],
      ['peer', 'PA', 4, 4, 'de'],
      ['us', 'PA', 4, 6, 'de'],
      ['peer', 'FA', 6, 6, ''],
      ['us', 'FA', 6, 7, ''],
      ['peer', 'A', 7, 7, ''],
    ])
    expect(packets.every(({ sound, protocol }) => sound && protocol === 'tcp')).toBe(true)
    expect([packets[0]?.from, packets[0]?.to]).toEqual(['192.0.2.1 5000', '198.51.100.1 7'])
    expect((packets[5]?.seconds ?? 0) - (packets[4]?.seconds ?? 0)).toBeCloseTo(1.5, 4)
  })

  test('ends in a reset where it failed', async () => {
    const { packets } = await captured({}, {}, (embedded) => embedded.reset())
    expect(packets.slice(3).map(shape)).toEqual([['peer', 'RA', 1, 1, '']])
  })

  test('draws a client as the one that has connected', async () => {
    const { packets } = await captured({ side: 'client' }, {}, (embedded) => embedded.abort())
    expect(packets.map(shape)).toEqual([['us', 'S', 0, 0, ''], ['peer', 'SA', 0, 1, ''], ['us', 'A', 1, 1, ''], ['us', 'RA', 1, 1, '']])
  })

  test('cuts large chunks into packets that can be', async () => {
    const { packets } = await captured({}, {}, (embedded) => embedded.writeInbound(Buffer.alloc(65_536, 'x')))
    const data = packets.filter(({ payload }) => payload !== '')
    expect(data.map(({ payload, sequence }) => [payload.length, sequence])).toEqual([[32_768, 1], [32_768, 32_769], [32_768, 1], [32_768, 32_769]])
    expect(packets.every(({ sound }) => sound)).toBe(true)
  })

  test.each([
    ['IPv6', ip('2001:db8::1', 5_000), ip('2001:db8::2', 7), '2001:db8::1 5000'],
    ['one of each', ip('192.0.2.1', 5_000), ip('2001:db8::2', 7), '192.0.2.1 5000'],
    ['a Unix socket', { address: '', port: 0, family: 'unix' }, { address: '/run/a', port: 0, family: 'unix' }, '127.0.0.1 1024'],
  ] as const)('over %s has checksums that are right', async (_, remoteAddress, localAddress, from) => {
    const { packets } = await captured({}, { remoteAddress, localAddress }, (embedded) => embedded.writeInbound(Buffer.from('odd')))
    expect([packets.length, packets[0]?.from, packets.every(({ sound }) => sound)]).toEqual([5, from, true])
  })

  test('keeps maxPacket of each and says how long it was', async () => {
    const { packets } = await captured({ maxPacket: 64 }, {}, (embedded) => embedded.writeInbound(Buffer.alloc(100, 'x')))
    expect(packets.slice(3).map(({ payload, length }) => [payload.length, length])).toEqual([[24, 140], [24, 140]])
  })

  test('has right checksums whatever the bytes are', () => {
    const random = seededRandom(1)
    const packets: Buffer[] = []
    const flow = new TcpFlow(packetEnds({ remoteAddress: ip('::1'), localAddress: ip('::2') }, 0), (packet) => void packets.push(Buffer.from(packet)))
    for (let i = 0; i < 300; i++) flow.data('outbound', Buffer.alloc(1 + Math.floor(random() * 3_000), Math.floor(random() * 256)))
    // Sums whose first folding still carries.
    flow.data('inbound', Buffer.alloc(32_768, 0xff))
    expect(readPcap(asCapture(packets)).every(({ sound }) => sound)).toBe(true)
  })

  test('begins its sequence numbers again behind 4 GiB', () => {
    const packets: Buffer[] = []
    const emit = (packet: Uint8Array): void => void packets.push(Buffer.from(packet))
    const flow = new TcpFlow(packetEnds({ remoteAddress: ip('::1'), localAddress: ip('::1') }, 0), emit, 2 ** 32 - 3)
    for (let i = 0; i < 3; i++) flow.data('inbound', Buffer.from('ab'))
    expect(packets.map((packet) => packet.readUInt32BE(44))).toEqual([2 ** 32 - 3, 2 ** 32 - 1, 1])
  })
})

describe('pcap of datagrams', () => {
  test('has each of them, empty ones too', async () => {
    const { packets } = await captured({}, { datagram: true }, (embedded) => {
      embedded.writeInbound(Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(65_507, 'x'))
    })
    expect(packets.map(({ from, payload, protocol }) => [from, payload.length, protocol])).toEqual(
      [3, 0, 65_507].flatMap((length) => [['192.0.2.1 5000', length, 'udp'], ['198.51.100.1 7', length, 'udp']]),
    )
    expect(packets.every(({ sound }) => sound)).toBe(true)
  })

  test('has the sender of each in stateless serving', async () => {
    const built = buildPipeline(pipeline(pcap({ path: file() }), echo()))
    built.retain()
    const options = { localAddress: ip('127.0.0.1', 7), clock: new VirtualClock(), maxPushBytes: 1_000, report: () => {}, send: () => {} }
    const run = new StatelessRun(built, options)
    for (const port of [1, 2]) run.receive(Buffer.from('a'), ip('192.0.2.9', port))
    run.close()
    await built.release()
    const packets = readPcap(await readFile(file()))
    expect(packets.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      '192.0.2.9 1 > 127.0.0.1 7', '127.0.0.1 7 > 192.0.2.9 1', '192.0.2.9 2 > 127.0.0.1 7', '127.0.0.1 7 > 192.0.2.9 2',
    ])
  })
})

describe('the file of pcap', () => {
  test('is for its owner only', async () => {
    await captured({}, {}, () => {})
    expect((await stat(file())).mode & 0o777).toBe(0o600)
  })

  test('ends when it is full, and the server hears of it once', async () => {
    const { packets, events } = await captured({ maxBytes: 131_072 }, {}, (embedded) => {
      for (let i = 0; i < 10; i++) embedded.writeInbound(Buffer.alloc(32_768))
    })
    expect(packets.length).toBeGreaterThan(5)
    expect((await stat(file())).size).toBeLessThanOrEqual(131_072)
    expect(events).toEqual([{ type: 'pcap-incomplete', reason: 'full' }])
  })

  test('turns into another one where there may be several, and the oldest goes', async () => {
    const { events } = await captured({ maxBytes: 131_072, files: 3 }, {}, (embedded) => {
      for (let i = 0; i < 12; i++) embedded.writeInbound(Buffer.alloc(32_768, i))
    })
    expect((await readdir(folder)).toSorted()).toEqual(['a.pcap', 'a.pcap.1', 'a.pcap.2'])
    const all = await Promise.all(['a.pcap.2', 'a.pcap.1', 'a.pcap'].map((name) => readFile(file(name))))
    const ids = all.flatMap((bytes) => readPcap(bytes)).filter(({ payload }) => payload !== '').map(({ payload }) => payload.charCodeAt(0))
    expect(ids.at(-1)).toBe(11)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(events).toEqual([])
  })

  test('that cannot be written costs the capture and not the connection', async () => {
    const { embedded, built } = start({ path: path.join(folder, 'missing', 'a.pcap') }, {})
    embedded.writeInbound(Buffer.from('a'))
    await new Promise<void>((resolve) => {
      const look = (): void => void (embedded.events.some(({ type }) => type === 'plugin-event') ? resolve() : setImmediate(look))
      look()
    })
    embedded.writeInbound(Buffer.from('b'))
    expect(Buffer.concat(embedded.outbound).toString()).toBe('ab')
    const payload = { type: 'pcap-incomplete', reason: 'failed', error: expect.objectContaining({ code: 'ENOENT' }) as unknown }
    expect(embedded.events.filter(({ type }) => type === 'plugin-event')[0]).toMatchObject({ payload })
    expect(embedded.error).toBeUndefined()
    await built.dispose?.()
  })

  test('lets no more than 4 MiB wait', async () => {
    const losses: CaptureLoss[] = []
    const capture = new CaptureFile({ path: file(), maxPacket: 65_535, maxBytes: 2 ** 30, files: 1 }, (loss) => void losses.push(loss))
    const packet = Buffer.alloc(65_520)
    for (let i = 0; i < 70; i++) capture.add(packet, 0)
    expect(losses).toEqual(Array<CaptureLoss>(6).fill('behind'))
    await capture.close()
    expect((await stat(file())).size).toBe(24 + 64 * 65_536)
  })
})

test.each([[undefined], [{}], [{ path: '' }], [{ path: 'a', maxBytes: 1 }], [{ path: 'a', files: 0 }], [{ path: 'a', side: 'both' }]])(
  'refuses %j',
  (options) => {
    expect(() => pcap(options as PcapOptions)).toThrow(InvalidOptionError)
    expect(Pcap.description.primary).toBe('path')
  },
)
