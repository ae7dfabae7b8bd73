import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { pemPath, server as serverCredentials } from '../../../../test/support/certificates.ts'
import { Command, fixture, run } from './command.ts'

const MIB = 1024 * 1024
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** A server that keeps to itself what it does with a connection. */
async function serverOf(onConnection: (socket: Socket) => void, where: string | number = 0): Promise<string> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => {}))
    onConnection(socket)
  })
  server.listen(typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' })
  await once(server, 'listening')
  cleanUps.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return typeof where === 'string' ? `unix:${where}` : `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function tlsServer(): Promise<string> {
  const server = createTlsServer({ ...serverCredentials, allowHalfOpen: true }, (socket) => void socket.on('error', () => {}).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  return `tls://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const echoing = (socket: Socket): void => void socket.pipe(socket)

/** Resolves when a number has stopped growing. */
async function whenStill(value: () => number): Promise<number> {
  let last = -1
  let same = 0
  await expect.poll(() => {
    same = value() === last ? same + 1 : 0
    last = value()
    return same
  }, { interval: 50, timeout: 15_000 }).toBeGreaterThan(10)
  return last
}

describe('millrace connect over a stream', () => {
  test('sends stdin, half-closes at its end, writes what comes back and exits with 0', async () => {
    const bytes = Buffer.alloc(8 * MIB, Array.from({ length: 251 }, (_, i) => String.fromCharCode(i)).join(''), 'latin1')
    const command = new Command(['connect', await serverOf(echoing)], { read: false })
    command.process.stdin.end(bytes)
    expect((await buffer(command.process.stdout)).equals(bytes)).toBe(true)
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('does the same over TLS, with a certificate that --ca vouches for, or any with --insecure', async () => {
    const url = await tlsServer()
    for (const flags of [['--ca', pemPath('authority.pem')], ['--insecure']]) {
      expect(await run(['connect', url, ...flags], 'hello')).toMatchObject({ code: 0, stdout: 'hello', stderr: '' })
    }
  })

  test('refuses a certificate that nobody vouches for: one line, exit code 1', async () => {
    const { code, stdout, stderr } = await run(['connect', await tlsServer()])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^millrace: the certificate of 127\.0\.0\.1:\d+ was refused: UNABLE_TO_VERIFY_LEAF_SIGNATURE\n$/)
  })

  test.each([
    ['lines', 'one\ntwo\r\n\nlast', 'one\ntwo\n\nlast\n', 'one\ntwo\n\nlast\n'],
    ['length-prefixed:1', 'one\ntwo', '\x03one\x03two', 'one\ntwo\n'],
    ['chunker:2 length-prefixed:1', '\n', '\0', '\n'],
  ])('%s: a line of stdin is a frame, and a frame that comes a line of stdout', async (words, stdin, wire, stdout) => {
    const received: Promise<Buffer>[] = []
    const url = await serverOf((socket) => {
      echoing(socket)
      received.push(buffer(socket))
    })
    expect(await run(['connect', url, ...words.split(' ')], stdin)).toEqual({ code: 0, signal: null, stdout, stderr: '' })
    expect((await received[0])?.toString('latin1')).toBe(wire)
  })

  test('gives the peer all of stdin before its answer comes', async () => {
    const url = await serverOf((socket) => {
      let bytes = 0
      socket.on('data', (chunk) => (bytes += chunk.length)).on('end', () => socket.end(`${bytes} bytes`))
    })
    expect(await run(['connect', url], 'x'.repeat(100_000))).toMatchObject({ code: 0, stdout: '100000 bytes' })
  })

  test('runs plugins on both ways, over a Unix socket', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'millrace-connect-'))
    cleanUps.push(() => rmSync(directory, { recursive: true }))
    const url = await serverOf(echoing, path.join(directory, 's'))
    const { code, stdout, stderr } = await run(['connect', url, 'logging:text', 'uppercaser'], 'hallo')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'HALLO' })
    const payloads = stderr.split('\n').flatMap((line) => (line.includes('payload') ? [JSON.parse(line) as object] : []))
    expect(payloads).toEqual([
      expect.objectContaining({ direction: 'outbound', payload: 'hallo' }),
      expect.objectContaining({ direction: 'inbound', payload: 'hallo' }),
    ])
  })

  test('exits with 0 when the peer ends, though stdin stays open', async () => {
    const command = new Command(['connect', await serverOf((socket) => socket.end('bye'))])
    expect(await command.ended).toMatchObject({ code: 0, stdout: 'bye', stderr: '' })
  })

  test('sends what stdin has though the peer has ended its side already', async () => {
    const received: Promise<Buffer>[] = []
    const url = await serverOf((socket) => void received.push(buffer(socket.end())))
    expect((await run(['connect', url], 'y'.repeat(5 * MIB))).code).toBe(0)
    expect(await received[0]).toHaveLength(5 * MIB)
  })

  test('reads stdin no faster than the peer takes it', async () => {
    const accepted: Socket[] = []
    const command = new Command(['connect', await serverOf((socket) => accepted.push(socket.pause()))])
    let given = 0
    const piece = Buffer.alloc(64 * 1024)
    const feed = async (): Promise<void> => {
      for (; given < 100 * MIB; given += piece.length) {
        if (!command.process.stdin.write(piece)) await once(command.process.stdin, 'drain')
      }
      command.process.stdin.end()
    }
    const fed = feed()
    await expect.poll(() => accepted.length, { timeout: 15_000 }).toBe(1)
    expect(await whenStill(() => given)).toBeLessThan(60 * MIB)
    let taken = 0
    accepted[0]?.on('data', (chunk) => (taken += chunk.length)).on('end', () => accepted[0]?.end()).resume()
    await fed
    expect((await command.ended).code).toBe(0)
    expect(taken).toBe(given)
  })

  test('reads the peer no faster than stdout is taken', async () => {
    let given = 0
    const url = await serverOf((socket) => {
      const piece = Buffer.alloc(64 * 1024)
      const feed = (): void => {
        while (given < 100 * MIB) {
          given += piece.length
          if (!socket.write(piece)) return void socket.once('drain', feed)
        }
        socket.end()
      }
      feed()
    })
    const command = new Command(['connect', url], { read: false })
    await expect.poll(() => given, { timeout: 15_000 }).toBeGreaterThan(0)
    expect(await whenStill(() => given)).toBeLessThan(60 * MIB)
    let taken = 0
    command.process.stdout.on('data', (chunk: Buffer) => (taken += chunk.length))
    expect((await command.ended).code).toBe(0)
    expect(taken).toBe(given)
  })

  test('ends quietly when nobody reads stdout any more', async () => {
    const url = await serverOf((socket) => {
      const feed = (): void => {
        if (socket.destroyed) return
        if (socket.write(Buffer.alloc(64 * 1024))) setImmediate(feed)
        else socket.once('drain', feed)
      }
      feed()
    })
    const command = new Command(['connect', url], { read: false })
    await once(command.process.stdout, 'readable')
    command.process.stdout.destroy()
    expect(await command.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('says in one line that the peer broke the connection, and exits with 1', async () => {
    const url = await serverOf((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const address = url.slice('tcp://'.length)
    const stderr = `millrace: the connection was reset by the other side (${address}): ECONNRESET\n`
    expect(await run(['connect', url], 'x')).toMatchObject({ code: 1, stderr })
  })

  test('says in one line that nobody is there, and exits with 1', async () => {
    const url = await serverOf(() => {})
    cleanUps.pop()?.()
    await expect.poll(() => run(['connect', url]), { timeout: 15_000 }).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `millrace: cannot connect to ${url.slice('tcp://'.length)}: ECONNREFUSED\n`,
    })
  })

  test('says in one line that a plugin failed, and exits with 1', async () => {
    const url = await serverOf(echoing)
    const { code, stderr } = await run(['connect', '--import', fixture('plugins.mjs'), url, 'boom'], 'bad!')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^millrace: plugin "boom" failed in push \(inbound from [\d.:]+, byte 0\): Error: no\\u\{a\}forged line\n$/)
  })

  test('says in one line that stdin cannot be read, and exits with 1', async () => {
    const url = await serverOf(echoing)
    const directory = mkdtempSync(path.join(tmpdir(), 'millrace-connect-'))
    const writeOnly = openSync(path.join(directory, 'f'), 'w')
    cleanUps.push(() => {
      closeSync(writeOnly)
      rmSync(directory, { recursive: true })
    })
    const { code, stderr } = await new Command(['connect', url], { stdin: writeOnly }).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^millrace: cannot read from stdin: EBADF[^\n]*\n$/)
  })

  test.each([
    [['connect', 'nowhere'], '"nowhere" is nothing to connect to: write tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or unix:PATH'],
    [['connect', 'tcp://127.0.0.1:1', 'echo'], '"echo" is a handler, which is for serve: connect takes plugins without one'],
    [['connect', '--import', fixture('plugins.mjs'), 'tcp://127.0.0.1:1', 'words', 'logging'], '"words" gives messages, but connect writes bytes to stdout'],
  ])('refuses %j in one line, with exit code 2', async (args, message) => {
    expect(await run(args)).toMatchObject({ code: 2, stdout: '', stderr: `millrace: ${message}\n` })
  })
})

describe('millrace connect over UDP', () => {
  async function udpServer(onMessage: (data: Buffer, from: RemoteInfo, socket: UdpSocket) => void): Promise<string> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * MIB })
    socket.on('message', (data, from) => onMessage(data, from, socket)).bind(0, '127.0.0.1')
    await once(socket, 'listening')
    cleanUps.push(() => socket.close())
    return `udp://127.0.0.1:${socket.address().port}`
  }

  test('sends each read as a datagram, writes each that comes, and exits with 0 after silence', async () => {
    const datagrams: string[] = []
    const url = await udpServer((data, { port }, socket) => {
      datagrams.push(data.toString())
      socket.send(`${data.toString().toUpperCase()}.`, port)
    })
    const command = new Command(['connect', '--wait', '100', url])
    command.process.stdin.write('one')
    await command.waitFor('ONE.')
    command.process.stdin.write('two')
    await command.waitFor('TWO.')
    command.process.stdin.end()
    expect(await command.ended).toMatchObject({ code: 0, stdout: 'ONE.TWO.', stderr: '' })
    expect(datagrams).toEqual(['one', 'two'])
  })

  test('cuts what a datagram cannot carry', async () => {
    const sizes: number[] = []
    const url = await udpServer((data) => sizes.push(data.length))
    expect((await run(['connect', '--wait', '100', url], 'z'.repeat(200_000))).code).toBe(0)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_507)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(200_000)
  })

  test('waits on while the peer goes on talking', async () => {
    const url = await udpServer((_, { port }, socket) => {
      let left = 6
      const talk = (): void => {
        socket.send('.', port)
        if (--left > 0) setTimeout(talk, 250)
      }
      talk()
    })
    expect(await run(['connect', '--wait', '1000', url], 'go')).toMatchObject({ code: 0, stdout: '......' })
  })

  test('says in one line that the peer refuses, and exits with 1', async () => {
    const url = await udpServer(() => {})
    cleanUps.pop()?.()
    const { code, stderr } = await run(['connect', url], 'anyone?')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^millrace: [^\n]*ECONNREFUSED\n$/)
  })

  test('tells of a datagram that a plugin made too large, and goes on', async () => {
    const url = await udpServer((data, { port }, socket) => socket.send(data, port))
    const tenfold = ['--import', fixture('out-tenfold.mjs'), '--wait', '100']
    const { code, stderr } = await run(['connect', ...tenfold, url, 'out-tenfold'], 'w'.repeat(10_000))
    expect(code).toBe(0)
    expect(JSON.parse(stderr)).toMatchObject({ msg: 'datagram dropped', reason: 'too-large', direction: 'outbound', count: 1 })
  })
})
