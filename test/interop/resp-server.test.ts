import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Serving } from 'millrace'
import { startRespServer } from '../../examples/servers/resp-server.ts'
import { seededBytes } from '../support/bytes.ts'
import { authority, pemPath, server as credentials } from '../support/certificates.ts'
import { killAll, run, start } from './programs.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'resp-'))
const socket = path.join(folder, 'resp.sock')

describe('resp-server', () => {
  let serving: Serving
  let port: string
  let tlsPort: string
  const clients: Redis[] = []

  beforeAll(async () => {
    serving = await startRespServer({ tcp: { port: 0 }, tls: { port: 0, ...credentials }, unix: { path: socket } })
    port = String(serving.addresses.tcp?.port)
    tlsPort = String(serving.addresses.tls?.port)
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect()
    await killAll()
  })
  afterAll(async () => {
    await serving.close()
    expect(await serving.closed).toEqual({ cutOff: 0 })
    rmSync(folder, { recursive: true })
  })

  /** What redis-cli writes when it is given commands, a line each. */
  const cli = async (...commands: readonly string[]): Promise<string[]> => {
    const { stdout } = await run(['redis-cli', '-p', port], commands.join('\n'))
    return stdout.toString().trimEnd().split('\n')
  }
  const connect = (): Redis => {
    const client = new Redis({ port: Number(port), host: '127.0.0.1', retryStrategy: null, protocol: 2 })
    clients.push(client)
    return client
  }

  test('redis-cli sets, gets, counts and deletes', async () => {
    const commands = ['SET a "hello world"', 'GET a', 'EXISTS a b a', 'INCR n', 'INCR n', 'DEL a n b', 'GET a', 'PING']
    expect(await cli(...commands)).toEqual(['OK', 'hello world', '2', '1', '2', '2', '', 'PONG'])
  })

  test('redis-cli sees keys expire', async () => {
    const commands = ['SET e 1', 'TTL e', 'EXPIRE e 100', 'TTL e', 'EXPIRE e 0', 'TTL e', 'EXPIRE none 1']
    expect(await cli(...commands)).toEqual(['OK', '-1', '1', '100', '1', '-2', '0'])
    const again = ['SET e 1 EX 50', 'TTL e', 'SET e 1 PX 1', 'SET e 2', 'TTL e']
    expect(await cli(...again)).toEqual(['OK', '50', 'OK', 'OK', '-1'])
  })

  test('redis-cli is told what is wrong, and goes on', async () => {
    const replies = await cli('NOPE', 'GET', 'SET a b XX 1', 'SET a text', 'INCR a', 'ECHO on')
    expect(replies.filter(Boolean)).toEqual([
      "ERR unknown command 'NOPE'",
      "ERR wrong number of arguments for 'GET'",
      'ERR syntax error',
      'OK',
      'ERR value is not an integer or out of range',
      'on',
    ])
  })

  test('redis-cli over the Unix socket has the same keys', async () => {
    await cli('SET shared yes')
    const { stdout } = await run(['redis-cli', '-s', socket, 'GET', 'shared'])
    expect(stdout.toString()).toBe('yes\n')
  })

  test('redis-cli --pipe loads 10,000 keys', async () => {
    const command = (i: number): string => `*3\r\n$3\r\nSET\r\n$5\r\n${10_000 + i}\r\n$1\r\nx\r\n`
    const all = Array.from({ length: 10_000 }, (_, i) => command(i)).join('')
    const { stdout, code } = await run(['redis-cli', '-p', port, '--pipe'], all)
    expect([code, stdout.toString().trimEnd().split('\n').at(-1)]).toEqual([0, 'errors: 0, replies: 10000'])
  })

  test('redis-benchmark pipelines from 50 connections, without an error', async () => {
    const options = ['-t', 'ping,set,get,incr', '-n', '20000', '-P', '16', '--csv', '-d', '100']
    const { code, stdout, stderr } = await run(['redis-benchmark', '-p', port, ...options])
    expect([code, stderr]).toEqual([0, ''])
    const rates = [...stdout.toString().matchAll(/^"(.+?)","([\d.]+)"/gm)]
    expect(rates.filter(([, , rate]) => Number(rate) > 0).map(([, name]) => name)).toEqual([
      'PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR',
    ])
  })

  test('ioredis keeps any bytes, and has the answers to a pipeline in order', async () => {
    const redis = connect()
    const value = Buffer.from(seededBytes(200_000))
    await redis.set('bytes', value)
    expect((await redis.getBuffer('bytes'))?.equals(value)).toBe(true)
    const answers = await redis.pipeline().set('p', 1).incr('p').get('bytes').incr('bytes').get('p').exec()
    expect(answers?.map(([error, answer]) => error?.message ?? String(answer).length)).toEqual([
      2, 1, value.toString().length, 'ERR value is not an integer or out of range', 1,
    ])
  })

  test('ioredis publishes to redis-cli and to itself, and unsubscribes', async () => {
    const cliSubscriber = start('redis-cli', '-p', port, 'SUBSCRIBE', 'news')
    let seen = ''
    cliSubscriber.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text))
    const subscriber = connect()
    const messages: string[][] = []
    subscriber.on('message', (...message: string[]) => messages.push(message))
    expect(await subscriber.subscribe('news', 'weather')).toBe(2)
    await vi.waitFor(() => expect(seen).toContain('subscribe\nnews\n1'))
    const publisher = connect()
    expect(await publisher.publish('news', 'first')).toBe(2)
    expect(await publisher.publish('weather', 'sun')).toBe(1)
    await vi.waitFor(() => expect(messages).toEqual([['news', 'first'], ['weather', 'sun']]))
    await vi.waitFor(() => expect(seen).toContain('message\nnews\nfirst'))
    cliSubscriber.kill()
    await once(cliSubscriber, 'close')
    expect(await subscriber.unsubscribe('weather')).toBe(1)
    await vi.waitFor(async () => expect(await publisher.publish('news', 'second')).toBe(1))
    expect(await publisher.publish('weather', 'rain')).toBe(0)
  })

  describe('over TLS', () => {
    const tls = (tool: string, ...words: readonly string[]): string[] =>
      [tool, '-p', tlsPort, '--tls', '--cacert', pemPath('authority.pem'), ...words]

    test('redis-cli has the keys that were set in the clear, and checks the certificate', async () => {
      await cli('SET clear text')
      expect((await run(tls('redis-cli', 'GET', 'clear'))).stdout.toString()).toBe('text\n')
      const refused = await run(['redis-cli', '-p', tlsPort, '--tls', '--cacert', pemPath('stranger.pem'), 'PING'])
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toMatch(/certificate verify failed/)
      const plain = await run(['redis-cli', '-p', tlsPort, 'PING'])
      expect(plain.stdout.toString() + plain.stderr).not.toContain('PONG')
    })

    test('redis-cli --pipe loads 10,000 keys', async () => {
      const command = (i: number): string => `*3\r\n$3\r\nSET\r\n$5\r\n${10_000 + i}\r\n$1\r\nx\r\n`
      const all = Array.from({ length: 10_000 }, (_, i) => command(i)).join('')
      const { stdout, code } = await run(tls('redis-cli', '--pipe'), all)
      expect([code, stdout.toString().trimEnd().split('\n').at(-1)]).toEqual([0, 'errors: 0, replies: 10000'])
    })

    test('redis-benchmark pipelines from 50 connections, without an error', async () => {
      const options = ['-t', 'set,get', '-n', '20000', '-P', '16', '--csv', '-d', '100']
      const { code, stdout, stderr } = await run(tls('redis-benchmark', ...options))
      expect([code, stderr]).toEqual([0, ''])
      const rates = [...stdout.toString().matchAll(/^"(.+?)","([\d.]+)"/gm)]
      expect(rates.filter(([, , rate]) => Number(rate) > 0).map(([, name]) => name)).toEqual(['SET', 'GET'])
    })

    test('ioredis pipelines, keeps any bytes, and hears what is published in the clear', async () => {
      const options = { port: Number(tlsPort), host: '127.0.0.1', retryStrategy: null, protocol: 2, tls: { ca: authority } } as const
      const [redis, subscriber] = [new Redis(options), new Redis(options)]
      clients.push(redis, subscriber)
      const value = Buffer.from(seededBytes(1_000_000))
      await redis.set('large', value)
      expect((await redis.getBuffer('large'))?.equals(value)).toBe(true)
      const answers = await redis.pipeline().set('q', 1).incr('q').get('q').exec()
      expect(answers).toEqual([[null, 'OK'], [null, 2], [null, '2']])
      const messages: string[][] = []
      subscriber.on('message', (...message: string[]) => messages.push(message))
      await subscriber.subscribe('secure')
      expect(await cli('PUBLISH secure hello')).toEqual(['1'])
      await vi.waitFor(() => expect(messages).toEqual([['secure', 'hello']]))
    })

    test('drains while ioredis is connected', async () => {
      const other = await startRespServer({ tls: { port: 0, ...credentials } })
      const port = other.addresses.tls?.port ?? 0
      const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: null, protocol: 2, tls: { ca: authority } })
      clients.push(redis)
      expect(await redis.ping()).toBe('PONG')
      const [ended] = [once(redis, 'end'), other.close()]
      await ended
      expect(await other.closed).toEqual({ cutOff: 0 })
    })
  })

  const deafClients = {
    nc: () => start('nc', '127.0.0.1', port),
    'openssl over TLS': () => start('openssl', 's_client', '-quiet', '-CAfile', pemPath('authority.pem'), '-connect', `127.0.0.1:${tlsPort}`),
  }
  test.each(Object.entries(deafClients))('a subscriber that reads nothing is cut off, and nobody else: %s', async (_name, open) => {
    const deaf = open()
    deaf.stdin.write('SUBSCRIBE flood\r\n')
    await once(deaf.stdout, 'data')
    deaf.kill('SIGSTOP')
    const publisher = connect()
    const message = Buffer.alloc(512 * 1024)
    let sent = 0
    while ((await publisher.publish('flood', message)) === 1) expect(++sent).toBeLessThan(100)
    expect(await publisher.ping()).toBe('PONG')
  })

  test('nc speaks in lines, has its answers after half-closing, and is told what it did wrong', async () => {
    const nc = async (input: string): Promise<string> => {
      const { stdout } = await run(['nc', '-N', '127.0.0.1', port], input)
      return stdout.toString()
    }
    expect(await nc('PING\r\nset x 1\r\nGET x\r\n')).toBe('+PONG\r\n+OK\r\n$1\r\n1\r\n')
    expect(await nc('PING\r\n*1\r\n$99999999\r\n')).toBe(
      '+PONG\r\n-ERR Protocol error: a frame of 99999999 bytes exceeds the limit of 1048576 bytes\r\n',
    )
    expect(await nc('*x\r\nPING\r\n')).toBe('-ERR Protocol error: invalid multibulk length\r\n')
  })
})
