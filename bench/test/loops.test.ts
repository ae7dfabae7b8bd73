import { createSocket } from 'node:dgram'
import { constants } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { credentials } from '../peers/credentials.ts'
import { compiled, hasNativeGenerators } from '../harness/native.ts'
import { type GeneratorLanguage, openLoop, verify } from '../load/open.ts'
import type { Load } from '../workloads/workload.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A TCP server that does with each chunk what it is told. */
async function serve(answer: (socket: Socket, chunk: Buffer) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => answer(socket, chunk))
    socket.on('end', () => socket.end())
  })
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

async function serveTls(answer: (socket: Socket, chunk: Buffer) => void, options: TlsOptions = {}): Promise<number> {
  const server = createTlsServer({ ...credentials(), allowHalfOpen: true, ...options }, (socket) => {
    closers.push(() => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', (chunk) => answer(socket, chunk))
    socket.on('end', () => socket.end())
  })
  closers.push(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

const echo = () => serve((socket, chunk) => socket.write(chunk))

async function echoUdp(answers: (count: number) => boolean = () => true): Promise<number> {
  const socket = createSocket('udp4')
  let count = 0
  socket.on('message', (data, { port, address }) => {
    if (answers(++count)) socket.send(data, port, address)
  })
  closers.push(() => socket.close())
  await once(socket.bind(0, '127.0.0.1'), 'listening')
  return socket.address().port
}

const steady: Load = { transport: 'tcp', pace: 'steady', connections: 3, window: 4, size: 10, reply: 'same' }
const udp: Load = { ...steady, transport: 'udp', size: 40 }

async function runOnce(port: number, load: Load, language: GeneratorLanguage) {
  const loop = await openLoop(port, load, language)
  closers.push(() => loop.close())
  return loop.run(0)
}

/** All of 127/8 is the loopback interface's. */
const onLinux = test.runIf(process.platform === 'linux')

// In C only where it can be compiled.
describe.each<GeneratorLanguage>(hasNativeGenerators() ? ['Node', 'C'] : ['Node'])('a generator in %s', (language) => {
  test('keeps a window on each connection, and a turn of no time sends it once', async () => {
    expect(await runOnce(await echo(), steady, language)).toEqual({ messages: 12, lost: 0 })
  })

  test('counts messages, however they are cut', async () => {
    const port = await serve((socket, chunk) => {
      for (const byte of chunk) socket.write(Uint8Array.of(byte))
    })
    expect(await runOnce(port, steady, language)).toEqual({ messages: 12, lost: 0 })
  })

  test('counts replies of another size than the calls they answer', async () => {
    const load: Load = { ...steady, reply: 'call', window: 1 }
    // As long as the answer is: nobody compares here.
    const answer = '61#{"response":{"text":"0123456789"},"isDisposed":true,"id":"1"}'
    const port = await serve((socket) => socket.write('x'.repeat(answer.length)))
    expect(await runOnce(port, load, language)).toEqual({ messages: 3, lost: 0 })
  })

  test('passes a crowd’s few messages around all its connections', async () => {
    const seen = new Set<number | undefined>()
    const port = await serve((socket, chunk) => {
      seen.add(socket.remotePort)
      socket.write(chunk)
    })
    const loop = await openLoop(port, { ...steady, pace: 'crowd', connections: 7, window: 2 }, language)
    closers.push(() => loop.close())
    expect(await loop.run(0)).toEqual({ messages: 2, lost: 0 })
    expect(seen.size).toBe(2)
    for (let i = 0; i < 3; i++) await loop.run(0)
    expect(seen.size).toBe(7)
  })

  onLinux('makes connections anew, each of which is a message', async () => {
    let ended = 0
    const port = await serve((socket, chunk) => {
      socket.on('end', () => ended++)
      socket.write(chunk)
    })
    expect(await runOnce(port, { ...steady, pace: 'reconnect', window: 1 }, language)).toEqual({ messages: 3, lost: 0 })
    expect(ended).toBe(3)
  })

  test('fails where the server ends a connection', async () => {
    const port = await serve((socket) => socket.end())
    await expect(runOnce(port, steady, language)).rejects.toThrow('the server ended a connection')
  })

  test('gets a reply to each datagram', async () => {
    const loop = await openLoop(await echoUdp(), udp, language)
    closers.push(() => loop.close())
    const { messages, lost } = await loop.run(20)
    expect(messages).toBeGreaterThanOrEqual(12)
    expect(lost).toBe(0)
  })

  test('counts a datagram that does not come back as lost', async () => {
    // The first three are those of the generator in C, which makes sure of each peer when it opens.
    const loop = await openLoop(await echoUdp((count) => count !== 5), udp, language)
    closers.push(() => loop.close())
    expect((await loop.run(20)).lost).toBeGreaterThan(0)
  })
})

describe('a load over TLS', () => {
  const secure: Load = { ...steady, tls: 'full' }
  const reconnect = { pace: 'reconnect', window: 1 } as const
  const echoTls = (options?: TlsOptions) => serveTls((socket, chunk) => socket.write(chunk), options)

  test('keeps a window on each connection, whatever the generator is written in', async () => {
    const port = await echoTls()
    expect(await runOnce(port, secure, 'Node')).toEqual({ messages: 12, lost: 0 })
    expect(await runOnce(port, secure, 'C')).toEqual({ messages: 12, lost: 0 })
  })

  onLinux('makes connections anew, and resumes sessions where it is to', async () => {
    const resumed: boolean[] = []
    const port = await serveTls((socket, chunk) => {
      resumed.push((socket as TLSSocket).isSessionReused())
      socket.write(chunk)
    })
    expect(await runOnce(port, { ...secure, ...reconnect }, 'Node')).toEqual({ messages: 3, lost: 0 })
    expect(resumed).toEqual([false, false, false])
    expect(await runOnce(port, { ...secure, ...reconnect, tls: 'resumed' }, 'Node')).toEqual({ messages: 3, lost: 0 })
    expect(resumed.slice(3)).toEqual([false, true, true, true])
  })

  onLinux('fails where no session is resumed', async () => {
    const port = await echoTls({ secureOptions: constants.SSL_OP_NO_TICKET, maxVersion: 'TLSv1.2' })
    await expect(runOnce(port, { ...secure, ...reconnect, tls: 'resumed' }, 'Node')).rejects.toThrow('no session')
  })

  test('is verified', async () => {
    await verify(await echoTls(), secure, { halfClose: true })
    const port = await serveTls((socket, chunk) => socket.write(chunk.map((byte, i) => (i === 5 ? byte ^ 1 : byte))))
    await expect(verify(port, secure, { halfClose: true })).rejects.toThrow('wrong bytes')
  })
})

describe('verification', () => {
  test('passes where every byte comes back, and the end after them', async () => {
    await verify(await echo(), steady, { halfClose: true })
    await verify(await echo(), steady, { halfClose: false })
  })

  test('fails where a byte differs', async () => {
    const port = await serve((socket, chunk) => socket.write(chunk.map((byte, i) => (i === 5 ? byte ^ 1 : byte))))
    await expect(verify(port, steady, { halfClose: true })).rejects.toThrow('wrong bytes')
  })

  test('fails where bytes are missing', async () => {
    const port = await serve((socket, chunk) => socket.write(chunk.subarray(0, -1)))
    await expect(verify(port, { ...steady, connections: 1 }, { halfClose: true })).rejects.toThrow(/wrong bytes|came back/)
  })

  test('fails where a datagram is another’s, or is missing', async () => {
    await expect(verify(await echoUdp((count) => count < 30), udp, { halfClose: true })).rejects.toThrow('did not come back')
  })
})

test('a program that is not there, or does not compile, is an error that says so', () => {
  process.env['CC'] = '/nowhere/cc'
  try {
    expect(() => compiled('epoll-echo')).toThrow('no C compiler: /nowhere/cc cannot be run')
    expect(hasNativeGenerators()).toBe(false)
  } finally {
    delete process.env['CC']
  }
})
