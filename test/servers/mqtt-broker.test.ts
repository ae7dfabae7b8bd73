import fc from 'fast-check'
import { generate } from 'mqtt-packet'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLOCK, connectTcp, createContainer, type MessageConnection, pipeline } from 'millrace'
import { describeCodec, VirtualClock } from '@millrace/core/testing'
import { startMqtt } from '../../examples/servers/mqtt-broker.ts'
import { mqtt, type Packet, type Publish } from '../../examples/servers/shared/mqtt.ts'
import { isFilter, isTopic, matches } from '../../examples/servers/shared/mqtt-topics.ts'
import type { Running } from '../../examples/servers/shared/running.ts'

const published = fc
  .record({
    topic: fc.stringMatching(/^[a-z/]{1,8}$/),
    payload: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    qos: fc.constantFrom(0 as const, 1 as const),
    retain: fc.boolean(),
  })
  .map((facts): Packet => ({ cmd: 'publish', dup: false, ...facts, ...(facts.qos === 1 ? { messageId: 7 } : {}) }))

describeCodec<Packet>('mqtt', () => mqtt({ maxLength: 40 }), {
  describe,
  test,
  fc,
  frames: published,
  invalid: [[0x30, 41], [0x30, 0xff, 0xff, 0xff, 0xff, 1], [0x00, 0], [0x36, 2, 0, 0], [0x30, 1, 0], [0x10, 2, 0, 4]].map((bytes) => Uint8Array.from(bytes)),
  maxHeld: 45,
  runs: 3_000,
  // The library's packets are of a class of its own.
  joins: (items) =>
    (items as Publish[]).map(({ cmd, topic, payload, qos, retain, messageId }) =>
      [cmd, topic, payload && Buffer.from(payload).toString('hex'), qos, retain, messageId]),
})

describe('topics and filters', () => {
  test.each([
    ['a/b', 'a/b', true], ['a/b', 'a/b/c', false], ['a/+', 'a/b', true], ['a/+', 'a/b/c', false], ['a/+', 'a/', true],
    ['a/#', 'a', true], ['a/#', 'a/b/c', true], ['a/#', 'ab', false], ['#', 'a/b', true], ['+', '/a', false], ['/+', '/a', true],
    ['+/+', '/a', true], ['#', '$SYS/a', false], ['+/a', '$SYS/a', false], ['$SYS/#', '$SYS/a', true], ['a/+/c', 'a/b/c', true],
  ])('%s and %s: %s', (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected)
  })

  test('what is none', () => {
    for (const filter of ['', 'a#', 'a/#/b', 'a+', '+a/b', 'a\0']) expect.soft(isFilter(filter), filter).toBe(false)
    for (const filter of ['a', '/', '#', '+', 'a//b', '+/#', 'a/+/b']) expect.soft(isFilter(filter), filter).toBe(true)
    for (const topic of ['', 'a/+', '#', 'a\0']) expect.soft(isTopic(topic), topic).toBe(false)
  })
})

/** A client that says what it wants said, with the same codec. */
class Talker {
  readonly #connection: MessageConnection<Packet, Packet>
  readonly #packets: AsyncIterator<Packet>

  private constructor(connection: MessageConnection<Packet, Packet>) {
    this.#connection = connection
    this.#packets = connection[Symbol.asyncIterator]()
  }

  static async open(port: number): Promise<Talker> {
    return new Talker(await connectTcp({ port }, pipeline(mqtt())))
  }

  /** @returns one that has been taken on. */
  static async connect(port: number, more: object = {}): Promise<readonly [Talker, Packet | undefined]> {
    const talker = await Talker.open(port)
    talker.say({ cmd: 'connect', clientId: 'talker', protocolVersion: 4, protocolId: 'MQTT', clean: true, keepalive: 0, ...more } as Packet)
    return [talker, await talker.next()]
  }

  say(...packets: readonly Packet[]): void {
    for (const packet of packets) this.#connection.write(packet)
  }

  /** @returns undefined at the end, clean or not. */
  async next(): Promise<Packet | undefined> {
    const { value } = await this.#packets.next().catch(() => ({ value: undefined }))
    return value as Packet | undefined
  }

  async subscribe(topic: string, qos: 0 | 1 | 2 = 0): Promise<unknown> {
    this.say({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] })
    const answer = await this.next()
    return answer?.cmd === 'suback' ? answer.granted[0] : answer
  }

  publish(topic: string, payload: string, { qos = 0, retain = false }: { qos?: 0 | 1 | 2; retain?: boolean } = {}): void {
    this.say({ cmd: 'publish', topic, payload, qos, retain, dup: false, ...(qos > 0 ? { messageId: 9 } : {}) })
  }

  cut(): void {
    this.#connection.abort()
  }
}

describe('the MQTT broker', () => {
  let clock: VirtualClock
  let server: Running
  beforeEach(async () => {
    clock = new VirtualClock()
    const container = createContainer()
    container.register(CLOCK, { useValue: clock })
    server = await startMqtt({ container })
  })
  afterEach(async () => {
    const closing = server.close()
    clock.advance(20_000)
    await closing
  })
  const connect = (clientId: string, more: object = {}): ReturnType<typeof Talker.connect> => Talker.connect(server.port, { clientId, ...more })

  test('gives a message to whoever subscribes, at the lower QoS of the two', async () => {
    const [listener] = await connect('listener')
    const [speaker] = await connect('speaker')
    expect(await listener.subscribe('a/+', 0)).toBe(0)
    expect(await listener.subscribe('b/#', 2)).toBe(1)
    speaker.publish('a/x', 'one', { qos: 1 })
    expect(await speaker.next()).toMatchObject({ cmd: 'puback', messageId: 9 })
    speaker.publish('b', 'two', { qos: 1 })
    expect(await listener.next()).toMatchObject({ topic: 'a/x', qos: 0, payload: Buffer.from('one') })
    expect(await listener.next()).toMatchObject({ topic: 'b', qos: 1, messageId: 1, retain: false })
    listener.say({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a/+'] })
    expect(await listener.next()).toMatchObject({ cmd: 'unsuback', messageId: 2 })
    speaker.publish('a/x', 'three')
    speaker.publish('b/c', 'four')
    expect(await listener.next()).toMatchObject({ topic: 'b/c' })
    expect(await listener.subscribe('a/#/b')).toBe(0x80)
  })

  test('retains the last message of a topic, until an empty one', async () => {
    const [client] = await connect('client')
    for (const word of ['one', 'two']) client.publish('a', word, { retain: true })
    expect(await client.subscribe('a')).toBe(0)
    expect(await client.next()).toMatchObject({ retain: true, payload: Buffer.from('two') })
    client.publish('a', '', { retain: true })
    expect(await client.next()).toMatchObject({ retain: false, payload: Buffer.alloc(0) })
    expect(await client.subscribe('a')).toBe(0)
    client.say({ cmd: 'pingreq' })
    expect(await client.next()).toMatchObject({ cmd: 'pingresp' })
  })

  test('keeps for a client that is away what it has not acknowledged', async () => {
    const [first, greeting] = await connect('keeper', { clean: false })
    expect(greeting).toMatchObject({ returnCode: 0, sessionPresent: false })
    await first.subscribe('a', 1)
    first.publish('a', 'one', { qos: 1 })
    expect([(await first.next())?.cmd, (await first.next())?.cmd]).toEqual(['publish', 'puback'])
    first.cut()
    const [speaker] = await connect('speaker')
    speaker.publish('a', 'two', { qos: 1 })
    await speaker.next()
    const [second, again] = await connect('keeper', { clean: false })
    expect(again).toMatchObject({ sessionPresent: true })
    expect(await second.next()).toMatchObject({ payload: Buffer.from('one'), dup: true, messageId: 1 })
    expect(await second.next()).toMatchObject({ payload: Buffer.from('two'), messageId: 2 })
    second.say({ cmd: 'puback', messageId: 1 }, { cmd: 'puback', messageId: 2 }, { cmd: 'disconnect' })
    expect(await second.next()).toBeUndefined()
    const [clean, anew] = await connect('keeper', { clean: true })
    expect(anew).toMatchObject({ sessionPresent: false })
    clean.say({ cmd: 'pingreq' })
    expect(await clean.next()).toMatchObject({ cmd: 'pingresp' })
  })

  test('keeps 128 KiB for a client that is away, and again as much once that has arrived', async () => {
    const [away] = await connect('away', { clean: false })
    await away.subscribe('a', 1)
    away.cut()
    const [speaker] = await connect('speaker')
    const speak = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        speaker.publish('a', String(i).repeat(60_000), { qos: 1 })
        expect((await speaker.next())?.cmd).toBe('puback')
      }
    }
    await speak(4)
    const [back] = await connect('away', { clean: false })
    back.say({ cmd: 'pingreq' })
    const kept = [await back.next(), await back.next(), await back.next()]
    expect(kept.map((packet) => (packet?.cmd === 'publish' ? packet.payload.toString()[0] : packet?.cmd))).toEqual(['0', '1', 'pingresp'])
    for (const packet of kept.slice(0, 2)) back.say({ cmd: 'puback', messageId: (packet as Publish).messageId as number })
    back.say({ cmd: 'pingreq' })
    expect((await back.next())?.cmd).toBe('pingresp')
    await speak(1)
    expect(await back.next()).toMatchObject({ cmd: 'publish', qos: 1 })
  })

  test('grants no subscription to a name of more than 512 characters', async () => {
    const [client] = await connect('client')
    expect(await client.subscribe('a'.repeat(512), 0)).toBe(0)
    expect(await client.subscribe('a'.repeat(513), 0)).toBe(128)
  })

  test('publishes a last will where a client goes without a word, and not where it takes leave', async () => {
    const [listener] = await connect('listener')
    await listener.subscribe('#')
    const will = (payload: string): object => ({ will: { topic: 'will', payload: Buffer.from(payload), qos: 0, retain: false } })
    const [polite] = await connect('polite', will('never'))
    polite.say({ cmd: 'disconnect' })
    expect(await polite.next()).toBeUndefined()
    const [lost] = await connect('lost', will('cut'))
    lost.cut()
    expect(await listener.next()).toMatchObject({ topic: 'will', payload: Buffer.from('cut') })
    const [silent] = await connect('silent', { ...will('silent'), keepalive: 10 })
    clock.advance(14_999)
    silent.say({ cmd: 'pingreq' })
    expect(await silent.next()).toMatchObject({ cmd: 'pingresp' })
    clock.advance(15_000)
    expect(await listener.next()).toMatchObject({ payload: Buffer.from('silent') })
    expect(await silent.next()).toBeUndefined()
  })

  test('ends a connection that does not say who it is, or somebody else already is', async () => {
    const nobody = await Talker.open(server.port)
    const [first] = await connect('twin')
    const [second] = await connect('twin')
    expect(await first.next()).toBeUndefined()
    clock.advance(10_000)
    expect(await nobody.next()).toBeUndefined()
    second.say({ cmd: 'pingreq' })
    expect(await second.next()).toMatchObject({ cmd: 'pingresp' })
  })

  test.each([
    ['another version', 3, 'client', true, 1],
    ['no name for a session to keep', 4, '', false, 2],
  ])('does not take on %s', async (_what, version, name, isClean, returnCode) => {
    const bytes = generate({ cmd: 'connect', clientId: name || 'x', clean: true, keepalive: 0 })
    bytes[8] = version
    bytes[9] = isClean ? 2 : 0
    const client = await connectTcp({ port: server.port })
    // The name is the last of it, behind its length.
    client.write(name === '' ? Buffer.concat([Buffer.of(0x10, 12), bytes.subarray(2, 12), Buffer.of(0, 0)]) : bytes)
    const answers: Uint8Array[] = []
    for await (const chunk of client) answers.push(chunk)
    expect(Buffer.concat(answers)).toEqual(Buffer.of(0x20, 2, 0, returnCode))
    await client.close()
  })

  test.each([
    ['a QoS that is not served', generate({ cmd: 'publish', topic: 'a', payload: '', qos: 2, messageId: 1, dup: false, retain: false })],
    ['a wildcard to publish to', generate({ cmd: 'publish', topic: 'a/#', payload: '', qos: 0, dup: false, retain: false })],
    ['a second CONNECT', generate({ cmd: 'connect', clientId: 'a', clean: true, keepalive: 0 })],
    ['what is malformed', Buffer.of(0x30, 1, 0)],
    ['what is too long', Buffer.of(0x30, 0xff, 0xff, 0x7f)],
  ])('ends a connection for %s, and no other', async (_what, bytes) => {
    const [other] = await connect('other')
    const raw = await connectTcp({ port: server.port })
    raw.write(generate({ cmd: 'connect', clientId: 'bad', clean: true, keepalive: 0 }))
    raw.write(bytes)
    raw.data$.subscribe({ complete: () => void raw.close(), error: () => {} })
    await raw.closed
    other.say({ cmd: 'pingreq' })
    expect(await other.next()).toMatchObject({ cmd: 'pingresp' })
  })
})
