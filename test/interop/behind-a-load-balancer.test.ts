import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ServerEvent } from 'millrace'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startBehindBalancer } from '../../examples/servers/behind-a-load-balancer.ts'
import type { Running } from '../../examples/servers/shared/running.ts'
import { digestOf, seededBytes } from '../support/bytes.ts'
import { killAll, run, start } from './programs.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'balancer-'))
const write = (name: string, lines: readonly string[]): string => {
  const file = path.join(folder, name)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

/** A port that was free a moment ago: the balancers cannot be asked which one they took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function listens(port: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
    },
    { timeout: 15_000, interval: 20 },
  )
}

const haproxy = (option: string) => (port: number, to: number): readonly string[] => [
  'haproxy', '-db', '-f',
  write('haproxy.cfg', [
    'defaults',
    '  mode tcp',
    '  timeout connect 5s',
    '  timeout client 30s',
    '  timeout server 30s',
    'listen echo',
    `  bind 127.0.0.1:${port}`,
    `  server origin 127.0.0.1:${to} ${option}`,
  ]),
]
const nginx = (port: number, to: number): readonly string[] => [
  'nginx', '-p', folder, '-e', 'stderr', '-c',
  write('nginx.conf', [
    'load_module /usr/lib/nginx/modules/ngx_stream_module.so;',
    'daemon off;',
    'master_process off;',
    'pid nginx.pid;',
    'events {}',
    'stream {',
    `  server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${to}; proxy_protocol on; proxy_half_close on; }`,
    '}',
  ]),
]

describe('behind-a-load-balancer', () => {
  let running: Running
  const events: ServerEvent[] = []
  beforeAll(async () => {
    running = await startBehindBalancer({ maxPerClient: 2, onEvent: (event) => void events.push(event) })
  })
  beforeEach(() => void (events.length = 0))
  afterEach(killAll)
  afterAll(async () => {
    await running.close()
    expect(await running.closed).toEqual({ cutOff: 0 })
    rmSync(folder, { recursive: true })
  })

  const balancers = [
    ['haproxy, version 1', 1, haproxy('send-proxy')],
    ['haproxy, version 2', 2, haproxy('send-proxy-v2')],
    ['haproxy, version 2 with a checksum', 2, haproxy('send-proxy-v2 proxy-v2-options crc32c')],
    ['nginx stream', 1, nginx],
  ] as const

  test.each(balancers)('%s: clients are told their own addresses, and have their bytes back', async (...balancer) => {
    const [, version, command] = balancer
    const port = await freePort()
    const [program = '', ...args] = command(port, running.port)
    start(program, ...args)
    await listens(port)
    const large = seededBytes(1024 * 1024)
    for (const client of ['127.0.0.77', '127.0.0.78']) {
      const { stdout } = await run(['nc', '-s', client, '-N', '127.0.0.1', String(port)], large)
      const end = stdout.indexOf(10) + 1
      const told = stdout.subarray(0, end).toString()
      const pattern = `^you are ${client}:\\d+, come to 127.0.0.1:${port}, by PROXY version ${version}\n$`
      expect(told).toMatch(new RegExp(pattern.replaceAll('.', '\\.')))
      expect(digestOf(stdout.subarray(end))).toEqual(digestOf(large))
    }
  })

  test('nginx stream over UDP: each datagram is told whose it is, and is sent back', async () => {
    await using behind = await startBehindBalancer({ onEvent: (event) => void events.push(event) })
    const port = await freePort()
    const config = [
      'load_module /usr/lib/nginx/modules/ngx_stream_module.so;',
      'daemon off;',
      'master_process off;',
      'pid nginx-udp.pid;',
      'events {}',
      'stream {',
      `  server { listen 127.0.0.1:${port} udp; proxy_pass 127.0.0.1:${behind.port}; proxy_protocol on; proxy_requests 1; }`,
      '}',
    ]
    start('nginx', '-p', folder, '-e', 'stderr', '-c', write('nginx-udp.conf', config))
    for (const client of ['127.0.0.81', '127.0.0.82']) {
      const socket = createSocket('udp4')
      socket.bind(0, client)
      await once(socket, 'listening')
      const heard: string[] = []
      socket.on('message', (answer: Buffer) => heard.push(String(answer)))
      // Until nginx listens, what is sent to it is lost.
      const say = (words: string): Promise<void> =>
        vi.waitFor(() => {
          socket.send(words, port, '127.0.0.1')
          expect(heard).toContain(words)
        }, { timeout: 15_000, interval: 100 })
      await say('one')
      const told = `you are ${client}:${socket.address().port}, come to 127.0.0.1:${port}, by PROXY version 1\n`
      expect(heard.filter((words) => words !== 'one')[0]).toBe(told)
      await say('two')
      socket.close()
    }
    expect(events.filter(({ type }) => type === 'frame-dropped')).toEqual([])
  })

  test('clients are counted by their own address, not by the balancer\'s', async () => {
    const port = await freePort()
    const [program = '', ...args] = haproxy('send-proxy-v2')(port, running.port)
    start(program, ...args)
    await listens(port)
    const greeting = async (client: string): Promise<string> => {
      const { stdout } = start('nc', '-d', '-s', client, '127.0.0.1', String(port))
      return Promise.race([once(stdout, 'data').then(String), once(stdout, 'end').then(() => 'refused')])
    }
    const told: string[] = []
    for (const client of ['127.0.0.77', '127.0.0.77', '127.0.0.77', '127.0.0.78']) told.push(await greeting(client))
    expect(told.map((text) => text.slice(0, 18))).toEqual(
      ['you are 127.0.0.77', 'you are 127.0.0.77', 'refused', 'you are 127.0.0.78'],
    )
    expect(events.find(({ type }) => type === 'connection-refused')).toMatchObject({ reason: 'plugin' })
  })

  test('curl speaks for itself, and is an error where it does not say for whom', async () => {
    const url = `http://127.0.0.1:${running.port}/`
    const { stdout } = await run(['curl', '-sm1', '--http0.9', '--haproxy-protocol', url])
    const told = /^you are 127\.0\.0\.1:\d+, come to 127\.0\.0\.1:\d+, by PROXY version 1\nGET \/ HTTP/
    expect(stdout.toString()).toMatch(told)
    expect(await run(['curl', '-sm5', '--http0.9', url])).toMatchObject({ stdout: Buffer.alloc(0) })
    const cause = expect.objectContaining({ code: 'MILLRACE_ERR_CORRUPT_FRAME' }) as unknown
    const error = expect.objectContaining({ plugin: 'proxy-protocol', cause }) as unknown
    await vi.waitFor(() => {
      expect(events).toContainEqual(expect.objectContaining({ type: 'connection-closed', error }))
    })
  })
})
