import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect as secureConnect } from 'node:tls'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { authority, pemPath } from '../../../../test/support/certificates.ts'
import { fixture, run, startServe } from './command.ts'

const MIB = 1024 * 1024
const KEY = pemPath('server.key')
let directory: string
const sockets: Socket[] = []
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'millrace-cli-'))
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  rmSync(directory, { recursive: true })
})

function open(where: NetConnectOpts | number): Socket {
  const socket = connect({ allowHalfOpen: true, host: '127.0.0.1', ...(typeof where === 'number' ? { port: where } : where) } as NetConnectOpts)
  sockets.push(socket.on('error', () => {}))
  return socket
}

async function ask(where: NetConnectOpts | number, text: string): Promise<string> {
  return (await buffer(open(where).end(text))).toString()
}

/** Has sent 8 MiB to an echo and reads nothing: work that is in flight until someone reads. */
async function stuck(port: number): Promise<Socket> {
  const socket = open(port).pause()
  socket.end(Buffer.alloc(8 * MIB, 'x'))
  await once(socket, 'readable')
  return socket
}

describe('millrace serve', () => {
  test('serves its plugins on TCP, UDP and a Unix socket, and writes nothing but where it listens', async () => {
    const unix = path.join(directory, 's')
    const serve = await startServe(['--tcp', '0', '--udp', '0', '--unix', unix, 'chunker:3', 'uppercaser', 'echo'], 3)
    expect(serve.stdout).toBe(`listening tcp 127.0.0.1:${serve.tcp}\nlistening udp 127.0.0.1:${serve.udp}\nlistening unix ${unix}\n`)
    expect(await ask(serve.tcp, 'over tcp')).toBe('OVER TCP')
    expect(await ask({ path: unix }, 'over unix')).toBe('OVER UNIX')
    const udp = createSocket('udp4')
    const answers: string[] = []
    udp.on('message', (datagram) => answers.push(datagram.toString()))
    udp.send('over udp', serve.udp, '127.0.0.1')
    await expect.poll(() => answers).toEqual(['OVE', 'R U', 'DP'])
    udp.close()
    serve.kill('SIGTERM')
    const { code, stdout, stderr } = await serve.ended
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(stderr.trimEnd().split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['draining', 'stopped'])
    expect(existsSync(unix)).toBe(false)
  })

  test('serves over TLS, and tells of a handshake that failed', async () => {
    const serve = await startServe(['--tls', '0', '--cert', pemPath('server.pem'), '--key', KEY, 'uppercaser', 'echo'])
    const port = Number(/^listening tls 127\.0\.0\.1:(\d+)\n$/.exec(serve.stdout)?.[1])
    const secure = secureConnect({ port, host: '127.0.0.1', ca: authority })
    sockets.push(secure)
    expect((await buffer(secure.end('over tls'))).toString()).toBe('OVER TLS')
    open(port).end('GET / HTTP/1.0\r\n\r\n')
    await serve.waitFor('ERR_SSL_HTTP_REQUEST', 'stderr')
    serve.kill('SIGTERM')
    expect((await serve.ended).code).toBe(0)
    expect(serve.log[0]).toMatchObject({ msg: 'connection refused', reason: 'handshake', transport: 'tls' })
  })

  test('logs the lines of the logging plugin to stderr as JSON, beside its own', async () => {
    const serve = await startServe(['--tcp', '0', '--host', '::1', 'logging:text,level=debug', 'echo'])
    expect(serve.stdout).toBe(`listening tcp [::1]:${serve.tcp}\n`)
    expect(await ask({ host: '::1', port: serve.tcp }, 'hello')).toBe('hello')
    // A client sees the end of its connection before the server sees it closed.
    await serve.waitFor('connection closed', 'stderr')
    serve.kill('SIGINT')
    expect((await serve.ended).code).toBe(0)
    const messages = serve.log.map(({ msg }) => msg)
    expect(messages).toEqual(['connection opened', 'inbound', 'outbound', 'connection closed', 'draining', 'stopped'])
    expect(serve.log[1]).toMatchObject({ level: 20, plugin: 'logging', payload: 'hello', direction: 'inbound' })
    expect(serve.log[4]).toMatchObject({ signal: 'SIGINT' })
  })

  test('takes plugins from --import, logs one line for a connection that one of them fails, and serves on', async () => {
    const serve = await startServe(['--import', fixture('plugins.mjs'), '--tcp', '0', 'boom', 'echo'])
    const client = open(serve.tcp)
    client.write('fine')
    await once(client, 'data')
    client.write('bad!')
    await new Promise((resolve) => client.once('close', resolve))
    await serve.waitFor('connection failed', 'stderr')
    expect(serve.log).toEqual([
      expect.objectContaining({
        msg: 'connection failed',
        code: 'MILLRACE_ERR_PLUGIN_FAILED',
        plugin: 'boom',
        direction: 'inbound',
        remoteAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        offset: 4,
        at: expect.stringContaining('plugins.mjs:'),
      }),
    ])
    expect(await ask(serve.tcp, 'still there')).toBe('still there')
    // The module's forgotten timer does not keep the process.
    serve.kill('SIGTERM')
    expect((await serve.ended).code).toBe(0)
  })

  test('counts refusals instead of writing a line for each', async () => {
    const serve = await startServe(['--tcp', '0', '--max-connections', '1', 'echo'])
    const first = open(serve.tcp)
    first.write('in')
    await once(first, 'data')
    expect(await Promise.all(Array.from({ length: 30 }, () => ask(serve.tcp, '')))).toEqual(Array.from({ length: 30 }, () => ''))
    first.end()
    serve.kill('SIGTERM')
    await serve.ended
    const refused = serve.log.filter(({ msg }) => msg === 'connection refused')
    expect(refused[0]).toMatchObject({ level: 40, reason: 'maxConnections', count: 1 })
    expect(refused.reduce((sum, { count }) => sum + (count as number), 0)).toBe(30)
    expect(refused.length).toBeLessThan(30)
  })
})

describe('millrace serve, told to end', () => {
  test('tells what it has counted before it says that it has stopped', async () => {
    const serve = await startServe(['--udp', '0', '--max-reply-ratio', '0', 'echo'])
    const udp = createSocket('udp4')
    // An empty datagram is within any ratio: its answer says that those before it have been seen.
    for (const text of ['one', 'two', 'three', '']) udp.send(text, serve.udp, '127.0.0.1')
    await once(udp, 'message')
    udp.close()
    serve.kill('SIGTERM')
    expect((await serve.ended).code).toBe(0)
    const dropped = serve.log.filter(({ msg }) => msg === 'datagram dropped')
    expect(dropped.reduce((sum, { count }) => sum + (count as number), 0)).toBe(3)
    expect(serve.log.at(-1)).toMatchObject({ msg: 'stopped' })
  })

  test('closes what is idle, finishes what is in flight and exits with 0', async () => {
    const serve = await startServe(['--tcp', '0', 'chunker:65536', 'echo'])
    const idle = open(serve.tcp)
    await once(idle, 'connect')
    const busy = await Promise.all(Array.from({ length: 8 }, () => stuck(serve.tcp)))
    serve.kill('SIGTERM')
    // None of the eight reads before the idle one has been closed: it does not wait for them.
    expect(await buffer(idle.end())).toHaveLength(0)
    const replies = await Promise.all(busy.map((socket) => buffer(socket)))
    for (const reply of replies) expect(reply.equals(Buffer.alloc(8 * MIB, 'x'))).toBe(true)
    expect(await serve.ended).toMatchObject({ code: 0, signal: null })
  })

  test('cuts off at --drain-timeout and exits with 1', async () => {
    const serve = await startServe(['--tcp', '0', '--drain-timeout', '100', 'echo'])
    await stuck(serve.tcp)
    serve.kill('SIGTERM')
    expect(await serve.ended).toMatchObject({ code: 1, signal: null })
    expect(serve.log.find(({ msg }) => msg === 'connection failed')).toMatchObject({ code: 'MILLRACE_ERR_DRAIN_TIMEOUT' })
    expect(serve.log.at(-1)).toMatchObject({ level: 40, cutOff: 1 })
  })

  test('aborts at the second signal and exits with 1', async () => {
    const serve = await startServe(['--tcp', '0', '--drain-timeout', '0', 'echo'])
    await stuck(serve.tcp)
    serve.kill('SIGTERM')
    await serve.waitFor('"draining"', 'stderr')
    serve.kill('SIGINT')
    expect(await serve.ended).toMatchObject({ code: 1, signal: null })
    expect(serve.log.find(({ msg }) => msg === 'connection failed')).toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_ABORTED' })
  })
})

describe('millrace serve, told something wrong', () => {
  const BAD: readonly (readonly [string, readonly string[], string])[] = [
    ['an unknown plugin', ['--tcp', '0', 'upercaser', 'echo'], 'unknown plugin "upercaser"; did you mean "uppercaser"?'],
    ['a misspelt option', ['--tcp', '0', 'chunker:sise=1', 'echo'], 'option "chunker.sise" must be spelt "size", not "sise"'],
    ['no handler', ['--tcp', '0', 'uppercaser'], 'the pipeline has no handler at its end: add echo or discard'],
    ['a handler in the middle', ['--tcp', '0', 'echo', 'chunker'], '"echo" is a handler and must come last, but "chunker" follows it'],
    ['a port out of range', ['--tcp', '65536', 'echo'], 'option "--tcp" must be an integer from 0 to 65535, not "65536"'],
    ['TLS without a certificate', ['--tls', '443', 'echo'], '--tls needs --cert FILE'],
    ['no such certificate', ['--tls', '0', '--cert', 'no.pem', '--key', KEY, 'echo'], '--cert: cannot read "no.pem" (ENOENT)'],
    ['a key for another certificate', ['--tls', '0', '--cert', pemPath('other.pem'), '--key', KEY, 'echo'], 'option "createTcpServer.tls" must be what TLS can be made with, not "key values mismatch"'],
    ['a certificate that is none', ['--tls', '0', '--cert', KEY, '--key', KEY, 'echo'], `--cert: "${KEY}" holds no certificate`],
    ['a key that is none', ['--tls', '0', '--cert', pemPath('server.pem'), '--key', pemPath('server.pem'), 'echo'], `--key: "${pemPath('server.pem')}" holds no private key that can be read`],
    ['a file that is not there', ['--tcp', '0', '--import', 'no.mjs', 'echo'], 'cannot import "no.mjs": there is no such file (ENOENT)'],
  ]

  test.each(BAD)('%s: one line, exit code 2', async (_, args, message) => {
    expect(await run(['serve', ...args])).toEqual({ code: 2, signal: null, stdout: '', stderr: `millrace: ${message}\n` })
  })

  test('a plugin that cannot be built: one line, exit code 1', async () => {
    const args = ['serve', '--tcp', '0', '--import', fixture('unbuildable.mjs'), 'unbuildable', 'echo']
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^millrace: plugin "unbuildable" cannot be built: [^\n]*\n$/)
  })

  test('a port in use: one line, exit code 1, and nothing on stdout', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    expect(await run(['serve', '--tcp', String(port), '--udp', '0', 'echo'])).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: `millrace: cannot listen on tcp 127.0.0.1:${port}: the address is already in use (EADDRINUSE)\n`,
    })
    other.close()
  })
})
