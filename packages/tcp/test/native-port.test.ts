import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { constants } from 'node:os'
import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { type Accepted, acceptedNative } from '../src/server/accepted.ts'
import { NativeListening } from '../src/server/native-listening.ts'
import { NativePort } from '../src/ports/native-port.ts'
import { AGAIN, READABLE, WRITABLE } from '../src/ports/poller.ts'
import { ReadSlab } from '../src/ports/read-slab.ts'
import { takeConnections } from '../src/server/take-connections.ts'
import { FakePoller } from './fake-poller.ts'
import { closeSockets, pattern, PortRecorder, portKinds, portPair } from './loopback.ts'
import { acceptNatively, nativePoller, poller } from './native.ts'

const { ECONNRESET, ECONNABORTED, EMFILE } = constants.errno
/** EPOLLERR and EPOLLHUP: the connection has broken. */
const BROKEN = 0x18

function setUp() {
  const fake = new FakePoller()
  const seen = new PortRecorder()
  return { fake, seen, port: new NativePort(fake.poller, 5, seen) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

describe('what it is watched for', () => {
  test('is nothing while a chunk is kept, and input again once that is given out', async () => {
    const { fake, seen, port } = setUp()
    fake.answers.read = [3]
    port.onReady(READABLE)
    expect(fake.calls).toEqual(['watch 0'])
    port.resume()
    await nextTick()
    expect(seen.chunks).toHaveLength(1)
    expect(fake.calls).toEqual(['watch 0', 'watch 1 anew'])
  })

  test('is nothing more when the input has ended, and output while something is unsent', () => {
    const { fake, seen, port } = setUp()
    fake.answers.read = [0]
    port.onReady(READABLE)
    expect(seen.calls).toEqual(['end'])
    fake.answers.write = [0, 0, 10]
    port.send([pattern(10)], 10)
    port.onReady(WRITABLE)
    expect(port.queuedBytes).toBe(10)
    port.onReady(WRITABLE)
    expect(port.queuedBytes).toBe(0)
    expect(seen.calls).toEqual(['end', 'sent'])
    expect(fake.calls).toEqual(['watch 0', 'watch 4 anew', 'watch 0'])
  })

  test('is nothing when it breaks and nobody reads, until somebody does', async () => {
    const { fake, seen, port } = setUp()
    fake.answers.read = [3, -ECONNRESET]
    port.onReady(READABLE)
    port.onReady(BROKEN)
    expect(fake.calls).toEqual(['watch 0'])
    port.resume()
    await nextTick()
    port.onReady(READABLE | BROKEN)
    expect(seen.errors).toMatchObject([{ code: 'ECONNRESET', syscall: 'read' }])
  })
})

test('a connection fails whose unsent bytes were given to another thread, and does not ask for room for ever', async () => {
  const { fake, seen, port } = setUp()
  const chunk = new Uint8Array(2000)
  fake.answers.write = [0, 0]
  port.send([chunk], chunk.length)
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
  port.onReady(WRITABLE)
  await nextTick()
  await turn()
  expect(seen.errors).toMatchObject([{ code: 'EFAULT', syscall: 'write' }])
  expect(fake.calls).toEqual(['watch 5', 'watch 1', 'close'])
})

test('a connection that the system cannot watch any more fails', async () => {
  const { fake, seen, port } = setUp()
  fake.answers.read = [3]
  port.onReady(READABLE)
  port.resume()
  fake.watching = -constants.errno.ENOMEM
  await nextTick()
  await turn()
  expect(seen.errors).toMatchObject([{ code: 'ENOMEM', syscall: 'epoll_ctl' }])
  expect(fake.calls.at(-1)).toBe('close')
})

describe('reading', () => {
  test('pays no heed to a call that was meant for another socket', () => {
    const { fake, seen, port } = setUp()
    port.resume()
    fake.answers.read = [AGAIN]
    port.onReady(READABLE)
    expect({ calls: seen.calls, chunks: seen.chunks, watched: fake.calls }).toEqual({ calls: [], chunks: [], watched: [] })
  })

  test('takes no end for one that comes behind a write that has failed', async () => {
    const { fake, seen, port } = setUp()
    port.resume()
    fake.answers.write = [-ECONNRESET]
    port.send([pattern(10)], 10)
    fake.answers.read = [0]
    port.onReady(READABLE | WRITABLE | BROKEN)
    expect(seen.calls).toEqual([])
    await nextTick()
    expect(seen.errors).toMatchObject([{ code: 'ECONNRESET', syscall: 'write' }])
    await turn()
    expect(seen.calls).toEqual(['error', 'close'])
  })

  test('gives bulk memory that it is read into at once, a little a copy, and neither ever changes', () => {
    const { fake, seen, port } = setUp()
    port.resume()
    fake.answers.read = [20_000, 10]
    fake.answers.readInto = [20_000, 30_001, 10]
    for (let i = 0; i < 5; i++) port.onReady(READABLE)
    expect(fake.calls).toEqual(['readInto', 'readInto', 'readInto'])
    const [copied, first, second, little] = seen.chunks
    expect(seen.chunks.map(({ length }) => length)).toEqual([20_000, 20_000, 30_001, 10, 10])
    expect(second?.buffer).toBe(first?.buffer)
    expect(second?.byteOffset).toBeGreaterThanOrEqual((first?.byteOffset ?? 0) + 20_000)
    for (const chunk of [copied, little]) expect([first?.buffer, fake.memory.buffer]).not.toContain(chunk?.buffer)
  })
})

test('ReadSlab has room for 64 KiB at least, behind what was taken', () => {
  const slab = new ReadSlab()
  const first = slab.room()
  const taken = slab.take(100_001)
  expect([first.length, taken.length, slab.room().length]).toEqual([262_144, 100_001, 262_144 - 100_008])
  expect(slab.room().buffer).toBe(first.buffer)
  slab.take(100_000)
  expect(slab.room().length).toBe(262_144)
  expect(slab.room().buffer).not.toBe(first.buffer)
})

describe('writing', () => {
  test('joins small chunks, and gathers large ones', () => {
    const { fake, port } = setUp()
    port.send([Buffer.from('ab'), Buffer.from('cd')], 4)
    expect(fake.written.map(String)).toEqual(['abcd'])
    port.send([pattern(20_000), pattern(20_001)], 40_001)
    expect(fake.calls).toEqual(['writeAll of 2'])
  })

  test('goes on where the system has stopped, in order, and keeps nothing of what was lent', () => {
    const { fake, port } = setUp()
    const [first, second] = [fake.memory.subarray(0, 6), fake.memory.subarray(6, 10)]
    fake.memory.write('0123456789')
    fake.answers.write = [8]
    port.send([first, second], 10)
    expect(port.queuedBytes).toBe(2)
    port.send([Buffer.from('abc')], 3)
    fake.memory.fill('?')
    port.onReady(WRITABLE)
    expect(fake.written.map(String)).toEqual(['0123456789', '89abc'])
    expect(port.queuedBytes).toBe(0)
  })
})

describe('the end', () => {
  test('is a reset where that was asked for, unless a FIN is on its way', async () => {
    for (const [ends, how] of [[false, ['reset']], [true, ['shutdown', 'close']]] as const) {
      const { fake, seen, port } = setUp()
      if (ends) port.end()
      port.reset()
      port.destroy()
      await turn()
      expect({ fake: fake.calls, seen: seen.calls }).toEqual({ fake: how, seen: ['close'] })
    }
  })

  test('of the output is told in a turn of its own, behind what promises of the same turn tell', async () => {
    const { seen, port } = setUp()
    port.end()
    await nextTick()
    await Promise.resolve()
    expect(seen.calls).toEqual([])
    await turn()
    expect(seen.calls).toEqual(['finish'])
  })

  test.runIf(portKinds.includes('native'))('gives the socket up to Node, with what was read', async () => {
    const { createPort, remote } = await portPair('native')
    const port = createPort(new PortRecorder())
    remote.write('kept')
    await vi.waitFor(() => expect(port.keeps).toBe(true))
    const socket = port.detach()
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    remote.end(' and new')
    await new Promise((resolve) => socket.once('end', resolve))
    expect(Buffer.concat(chunks).toString()).toBe('kept and new')
    socket.destroy()
    closeSockets()
  })
})

describe('a socket that listens', () => {
  function listening() {
    const fake = new FakePoller()
    const clock = new VirtualClock()
    const accepted: Accepted[] = []
    const errors: Error[] = []
    const init = {
      options: { noDelay: true },
      clock,
      onAccepted: (one: Accepted) => void accepted.push(one),
      onError: (error: Error) => void errors.push(error),
    }
    return { fake, clock, accepted, errors, init, socket: new NativeListening(fake.poller, 3, init) }
  }

  test('takes all that there are, but for those that are gone', () => {
    const { fake, accepted, errors, socket } = listening()
    fake.answers.accept = [11, -ECONNABORTED, 12]
    socket.onReady()
    expect(accepted.map(({ descriptor }) => descriptor)).toEqual([11, 12])
    expect(errors).toEqual([])
  })

  test('lets the others have their turn after 64', () => {
    const { fake, accepted, socket } = listening()
    fake.answers.accept = Array.from({ length: 70 }, (_, i) => 100 + i)
    socket.onReady()
    expect(accepted).toHaveLength(64)
    socket.onReady()
    expect(accepted).toHaveLength(70)
  })

  test('tells of a system that can take nobody, and asks again after a while', () => {
    const { fake, clock, errors, socket } = listening()
    fake.answers.accept = [-EMFILE]
    socket.onReady()
    expect(errors).toMatchObject([{ code: 'EMFILE', syscall: 'accept' }])
    expect(fake.calls).toEqual(['watch 0'])
    clock.advance(100)
    expect(fake.calls).toEqual(['watch 0', 'watch 1 anew'])
    fake.answers.accept = [-EMFILE]
    socket.onReady()
    socket.close()
    clock.advance(100)
    expect(fake.calls.slice(2)).toEqual(['watch 0', 'close'])
  })

  test('asks again and again where the system cannot watch it', () => {
    const { fake, clock, errors, socket } = listening()
    fake.answers.accept = [-EMFILE]
    socket.onReady()
    fake.watching = -constants.errno.ENOMEM
    clock.advance(100)
    expect(errors).toMatchObject([{ code: 'EMFILE' }, { code: 'ENOMEM', syscall: 'epoll_ctl' }])
    fake.watching = 0
    clock.advance(100)
    expect(fake.calls.at(-1)).toBe('watch 1 anew')
    expect(errors).toHaveLength(2)
  })

  test('takes nobody after it was closed, in the middle too', () => {
    const { fake, accepted, init, socket } = listening()
    fake.answers.accept = [11, 12]
    const { onAccepted } = init
    init.onAccepted = (one) => {
      onAccepted(one)
      socket.close()
    }
    socket.onReady()
    expect(accepted).toHaveLength(1)
  })

  test('is an error where there is none', () => {
    const fake = new FakePoller()
    fake.listen = () => -9
    const init = { options: { noDelay: true }, clock: new VirtualClock(), onAccepted() {}, onError() {} }
    expect(() => new NativeListening(fake.poller, 3, init)).toThrow('listen EBADF')
  })
})

test('a server whose descriptor cannot be taken over goes on by itself', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const fake = new FakePoller()
  fake.listen = () => -EMFILE
  const init = { options: {}, clock: new VirtualClock(), binding: undefined, unix: false, onAccepted() {}, onError() {} }
  const taking = takeConnections(server, { poller: fake.poller }, init)
  expect(taking).toMatchObject({ driver: 'node', reason: 'listen EMFILE' })
  expect(server.listening).toBe(true)
  taking.close()
  await once(server, 'close')
})

test.runIf(poller)('a connection that no port was made of can be had as a socket of Node\'s', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepting = acceptNatively(server)
  const remote = connect(port, '127.0.0.1')
  const accepted = acceptedNative(nativePoller(), await accepting)
  expect(accepted.remoteAddress).toEqual({ address: '127.0.0.1', port: remote.localPort, family: 'IPv4' })
  expect(accepted.localAddress()).toEqual({ address: '127.0.0.1', port, family: 'IPv4' })
  const socket = accepted.toSocket()
  socket.end('hello')
  const [chunk] = (await once(remote, 'data')) as [Buffer]
  expect(String(chunk)).toBe('hello')
  remote.destroy()
  socket.destroy()
  await once(socket, 'close')
})
