import { type EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startMqtt } from '../../examples/servers/mqtt-broker.ts'
import type { Running } from '../../examples/servers/shared/running.ts'
import { authority, pemPath, server as credentials } from '../support/certificates.ts'
import { killAll, run, start } from './programs.ts'

/** As much of MQTT.js as is used here: its declarations need those of the DOM. */
interface MqttClient extends EventEmitter {
  readonly connected: boolean
  endAsync(force: boolean): Promise<unknown>
  publishAsync(topic: string, payload: string, options: object): Promise<unknown>
  subscribeAsync(topic: string, options: object): Promise<unknown>
}
const require = createRequire(import.meta.url)
const { connectAsync } = require('mqtt') as { readonly connectAsync: (options: object) => Promise<MqttClient> }

describe('the MQTT broker', () => {
  let server: Running
  let clients: MqttClient[] = []
  beforeEach(async () => {
    server = await startMqtt({ tls: { port: 0, ...credentials } })
  })
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)))
    clients = []
    await killAll()
    await server.close()
  })

  const mosquitto = (tool: 'pub' | 'sub', ...words: readonly string[]): [string, ...string[]] =>
    [`mosquitto_${tool}`, '-p', String(server.port), ...words]
  const overTls = (tool: 'pub' | 'sub', ...words: readonly string[]): [string, ...string[]] =>
    [`mosquitto_${tool}`, '-p', String(server.tlsPort), '--cafile', pemPath('authority.pem'), ...words]
  const publish = async (...words: readonly string[]): Promise<void> =>
    expect(await run(mosquitto('pub', ...words))).toMatchObject({ code: 0, stderr: '' })

  /** A subscriber, what it has said, and when it has subscribed. */
  async function subscriber(...words: readonly string[]): Promise<{ said: () => string; ended: Promise<number | null> }> {
    return heardBy(mosquitto('sub', ...words))
  }

  async function heardBy(command: readonly string[]): Promise<{ said: () => string; ended: Promise<number | null> }> {
    // With -d it tells of its SUBACK, at once and not when its output is full.
    const child = start('stdbuf', '-oL', ...command, '-d')
    let text = ''
    child.stdout.on('data', (part) => (text += String(part)))
    await vi.waitFor(() => expect(text).toContain('Subscribed'), 5_000)
    const said = (): string => text.split('\n').filter((line) => !/^(Client|Subscribed)/.test(line)).join('\n')
    return { said, ended: once(child, 'close').then(([code]) => code as number | null) }
  }

  async function mqttJs(options: object = {}): Promise<MqttClient> {
    const client = await connectAsync({ host: '127.0.0.1', port: server.port, reconnectPeriod: 0, ...options })
    clients.push(client)
    return client
  }

  test.each(['0', '1', '2'])('gives mosquitto_sub what mosquitto_pub publishes, subscribed with QoS %s', async (qos) => {
    const { said, ended } = await subscriber('-t', 'mill/+', '-q', qos, '-C', '3', '-v')
    await publish('-t', 'elsewhere', '-m', 'not for it')
    await publish('-t', 'mill/a', '-m', 'one')
    await publish('-t', 'mill/b', '-m', 'two', '-q', '1')
    await publish('-t', 'mill/c', '-m', 'three', '-r')
    expect(await ended).toBe(0)
    expect(said()).toBe('mill/a one\nmill/b two\nmill/c three\n')
  })

  test('retains for a mosquitto_sub that comes later', async () => {
    await publish('-t', 'mill/state', '-m', 'old', '-r')
    await publish('-t', 'mill/state', '-m', 'turning', '-r')
    expect((await run(mosquitto('sub', '-t', '#', '-C', '1'))).stdout.toString()).toBe('turning\n')
    await publish('-t', 'mill/state', '-n', '-r')
    expect(await run(mosquitto('sub', '-t', '#', '-W', '1'))).toMatchObject({ code: 27, stdout: Buffer.alloc(0) })
  })

  test('keeps for a mosquitto_sub that is away', async () => {
    const sub = mosquitto('sub', '-i', 'keeper', '-c', '-q', '1', '-t', 'mill/#')
    expect(await run([...sub, '-E'])).toMatchObject({ code: 0 })
    await publish('-t', 'mill/a', '-m', 'while away', '-q', '1')
    expect((await run([...sub, '-C', '1'])).stdout.toString()).toBe('while away\n')
  })

  test('publishes the last will of a mosquitto_sub that is killed', async () => {
    const { said } = await subscriber('-t', 'will')
    const doomed = start('stdbuf', '-oL', ...mosquitto('sub', '-d', '-t', 'x', '--will-topic', 'will', '--will-payload', 'gone'))
    let text = ''
    doomed.stdout.on('data', (part) => (text += String(part)))
    await vi.waitFor(() => expect(text).toContain('Subscribed'), 5_000)
    doomed.kill('SIGKILL')
    await vi.waitFor(() => expect(said()).toBe('gone\n'), 5_000)
  })

  test('tells a client of MQTT 5 that it speaks another version', async () => {
    const { code, stderr } = await run(mosquitto('pub', '-V', 'mqttv5', '-t', 'a', '-m', 'b'))
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/Unsupported Protocol Version/)
  })

  test('serves MQTT.js and mosquitto together: a thousand messages of QoS 1, in order', async () => {
    const listener = await mqttJs()
    const heard: string[] = []
    listener.on('message', (topic: string, payload: Buffer) => heard.push(`${topic} ${String(payload)}`))
    const granted = await listener.subscribeAsync('mill/#', { qos: 1 })
    expect(granted).toMatchObject([{ topic: 'mill/#', qos: 1 }])
    const speaker = await mqttJs()
    const wanted = Array.from({ length: 1000 }, (_, i) => `mill/js ${i}`)
    for (let i = 0; i < 1000; i++) await speaker.publishAsync('mill/js', String(i), { qos: 1 })
    await vi.waitFor(() => expect(heard).toHaveLength(1000), 10_000)
    expect(heard).toEqual(wanted)
    await publish('-t', 'mill/mosquitto', '-m', 'hello', '-q', '1')
    await vi.waitFor(() => expect(heard.at(-1)).toBe('mill/mosquitto hello'), 5_000)
  })

  test('carries over TLS what mosquitto and MQTT.js publish there, to those in the clear as well', async () => {
    const safely = await heardBy(overTls('sub', '-t', 'mill/#', '-q', '1', '-v', '-C', '2'))
    const openly = await subscriber('-t', 'mill/#', '-v', '-C', '2')
    const ended = run(overTls('pub', '-t', 'mill/a', '-m', 'by mosquitto', '-q', '1'))
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
    const client = await mqttJs({ protocol: 'mqtts', port: server.tlsPort, ca: authority })
    await client.publishAsync('mill/b', 'by MQTT.js', { qos: 1 })
    expect(await Promise.all([safely.ended, openly.ended])).toEqual([0, 0])
    for (const { said } of [safely, openly]) expect(said()).toBe('mill/a by mosquitto\nmill/b by MQTT.js\n')
  })

  test('is refused over TLS by clients that do not know who vouches for it', async () => {
    const { code, stderr } = await run(['mosquitto_pub', '-p', String(server.tlsPort), '--cafile', pemPath('stranger.pem'), '-t', 'a', '-m', 'b'])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/certificate verify failed|TLS error/)
    const unknowing = { protocol: 'mqtts', host: '127.0.0.1', port: server.tlsPort, reconnectPeriod: 0 }
    await expect(connectAsync(unknowing)).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  test('has MQTT.js over TLS stay by its keep-alive, and drains while it is there', async () => {
    const client = await mqttJs({ protocol: 'mqtts', port: server.tlsPort, ca: authority, keepalive: 1 })
    const pongs: string[] = []
    client.on('packetreceive', ({ cmd }: { readonly cmd: string }) => pongs.push(cmd))
    await vi.waitFor(() => expect(pongs).toContain('pingresp'), 8_000)
    const closed = once(client, 'close')
    await server.close()
    await closed
    expect(await server.closed).toEqual({ cutOff: 0 })
  })

  test('has MQTT.js stay by its keep-alive, and drains while it is there', async () => {
    const client = await mqttJs({ keepalive: 1 })
    const pongs: string[] = []
    client.on('packetreceive', ({ cmd }: { readonly cmd: string }) => pongs.push(cmd))
    await vi.waitFor(() => expect(pongs.filter((cmd) => cmd === 'pingresp').length).toBeGreaterThan(1), 8_000)
    expect(client.connected).toBe(true)
    const closed = once(client, 'close')
    await server.close()
    await closed
    expect(await server.closed).toEqual({ cutOff: 0 })
  })
})
