import { once } from 'node:events'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { AGAIN, loadNative, READABLE, WRITABLE } from '../src/index.ts'
import { closeSockets, connectTo, forget, hasNative, listenInNode, listenOn, pair } from './sockets.ts'

const { EBADF, ECONNRESET, EINVAL, EPIPE } = constants.errno

afterEach(closeSockets)

describe.runIf(hasNative)('Poller (where its binary is)', () => {
  test.each(['127.0.0.1', '::1'])('accepts on %s, and knows both addresses', async (host) => {
    const { poller, descriptor, peer } = await pair(undefined, host)
    expect(poller.accepted()).toEqual({ address: host, port: peer.localPort })
    expect(poller.local(descriptor)).toEqual({ address: host, port: peer.remotePort })
  })

  test('reads what was sent, into its own memory and into the caller\'s', async () => {
    const got: string[] = []
    const own = Buffer.alloc(4)
    const { poller, peer } = await pair((descriptor) => {
      const length = poller.readInto(descriptor, own)
      got.push(own.toString('latin1', 0, length))
      const rest = poller.read(descriptor, 5)
      if (rest > 0) got.push(poller.head(rest).toString('latin1'))
    })
    peer.write('one, two, three')
    await vi.waitFor(() => expect(got.join('')).toBe('one, two, three'))
    expect(got.slice(0, 3)).toEqual(['one,', ' two,', ' thr'])
    expect(poller.head(3)).toBe(poller.head(3))
  })

  test('writes one chunk, and of several the first 64', async () => {
    const { poller, descriptor, peer } = await pair()
    const chunks = Array.from({ length: 70 }, (_, i) => Buffer.from([i]))
    expect(poller.write(descriptor, Buffer.from('abc'))).toBe(3)
    expect(poller.write(descriptor, new Uint8Array(0))).toBe(0)
    expect(poller.writeAll(descriptor, [])).toBe(0)
    expect(poller.writeAll(descriptor, [...chunks.slice(0, 2), new Uint8Array(0), ...chunks.slice(2)])).toBe(63)
    expect(poller.shutdown(descriptor)).toBe(0)
    expect([...(await buffer(peer))]).toEqual([...Buffer.from('abc'), ...Array(63).keys()])
    peer.end()
  })

  test('tells of the end, for as long as it is watched', async () => {
    const lengths: number[] = []
    const { poller, peer, told } = await pair((descriptor) => void lengths.push(poller.read(descriptor)))
    peer.end('x')
    await vi.waitFor(() => expect(lengths.length).toBeGreaterThan(3))
    expect(lengths.slice(0, 3)).toEqual([1, 0, 0])
    expect(told.every((events) => events & READABLE)).toBe(true)
  })

  test('sends on behind the peer\'s end', async () => {
    const { poller, peer } = await pair((descriptor) => {
      if (poller.read(descriptor) !== 0) return
      poller.write(descriptor, Buffer.from('still here'))
      poller.close(descriptor, false)
      forget(descriptor)
    })
    peer.end()
    expect(await text(peer)).toBe('still here')
  })

  test('has nothing to read and nobody to accept', async () => {
    const { poller, descriptor } = await pair()
    const listening = listenOn((await listenInNode()).fd, { onReady() {} })
    expect(poller.read(descriptor)).toBe(AGAIN)
    expect(poller.readInto(descriptor, new Uint8Array(10))).toBe(AGAIN)
    expect(poller.accept(listening, { noDelay: false })).toBe(AGAIN)
  })

  test('tells of a reset, and of an output that is broken', async () => {
    const read: number[] = []
    const { poller, descriptor, peer } = await pair((socket) => void read.push(poller.read(socket)))
    peer.resetAndDestroy()
    await vi.waitFor(() => expect(read).toContain(-ECONNRESET))
    expect(poller.write(descriptor, Buffer.from('x'))).toBe(-EPIPE)
    expect(poller.writeAll(descriptor, [Buffer.from('x')])).toBe(-EPIPE)
  })

  test('resets, or ends in order', async () => {
    for (const resets of [true, false]) {
      const { poller, descriptor, peer } = await pair()
      const codeOf = ([error]: unknown[]): unknown => (error as NodeJS.ErrnoException | undefined)?.code
      const gone = once(peer, resets ? 'error' : 'end').then(codeOf)
      peer.resume()
      forget(descriptor)
      poller.close(descriptor, resets)
      expect(await gone).toBe(resets ? 'ECONNRESET' : undefined)
    }
  })

  test('takes what there is room for, and tells when there is room again', async () => {
    const { poller, descriptor, peer, told } = await pair()
    const chunk = Buffer.alloc(1 << 20)
    let sent = 0
    for (let taken = -1; taken !== 0; sent += taken) taken = poller.write(descriptor, chunk)
    expect(sent).toBeGreaterThan(0)
    expect(poller.watch(descriptor, READABLE | WRITABLE, true)).toBe(0)
    expect(told).toEqual([])
    peer.resume()
    await vi.waitFor(() => expect(told).toContain(WRITABLE))
  })

  test('tells nothing of what is not watched, until it is', async () => {
    const [quiet, loud] = [await pair(), await pair()]
    expect(quiet.poller.watch(quiet.descriptor, 0, true)).toBe(0)
    for (const { peer } of [quiet, loud]) peer.write('x')
    await vi.waitFor(() => expect(loud.told.length).toBeGreaterThan(3))
    expect(quiet.told).toEqual([])
    expect(quiet.poller.watch(quiet.descriptor, READABLE, false)).toBe(0)
    await vi.waitFor(() => expect(quiet.told).toContain(READABLE))
  })

  test('gives a socket up, open', async () => {
    const { poller, descriptor, peer, told } = await pair()
    const size = poller.size
    forget(descriptor)
    poller.release(descriptor)
    expect(poller.size).toBe(size - 1)
    expect(poller.write(descriptor, Buffer.from('x'))).toBe(-EBADF)
    const socket = new Socket({ fd: descriptor })
    peer.end('to Node')
    expect(await text(socket)).toBe('to Node')
    expect(told).toEqual([])
    socket.destroy()
  })

  test('tells nothing of a socket that it has closed and another descriptor has open', async () => {
    const { fd, port, server } = await listenInNode()
    const poller = loadNative()
    let told = 0
    const closed = listenOn(fd, { onReady() {} })
    // Whoever comes is left to wait, which is told again and again.
    listenOn(fd, { onReady: () => void told++ })
    server.close()
    forget(closed)
    poller.close(closed, false)
    const onReady = vi.fn()
    poller.attach(closed, { onReady })
    await connectTo(port)
    await vi.waitFor(() => expect(told).toBeGreaterThan(3))
    expect(onReady).not.toHaveBeenCalled()
  })

  test('touches no descriptor that is not its own', async () => {
    const { poller, descriptor, peer } = await pair()
    forget(descriptor)
    poller.close(descriptor, false)
    const { fd } = await listenInNode()
    const size = poller.size
    for (const foreign of [descriptor, fd, -1, AGAIN, 2 ** 31 - 1]) {
      expect(poller.accept(foreign, { noDelay: true })).toBe(-EBADF)
      expect(poller.read(foreign)).toBe(-EBADF)
      expect(poller.readInto(foreign, new Uint8Array(1))).toBe(-EBADF)
      expect(poller.write(foreign, new Uint8Array(1))).toBe(-EBADF)
      expect(poller.writeAll(foreign, [])).toBe(-EBADF)
      expect(poller.watch(foreign, READABLE, false)).toBe(-EBADF)
      expect(poller.shutdown(foreign)).toBe(-EBADF)
      expect(poller.local(foreign)).toBeUndefined()
      poller.close(foreign, true)
      poller.release(foreign)
    }
    expect(poller.size).toBe(size)
    // Still open: it can be taken over.
    expect(listenOn(fd, { onReady() {} })).toBeGreaterThan(0)
    expect(poller.listen(-1, { onReady() {} })).toBe(-EBADF)
    peer.destroy()
  })

  test('takes no other arrays than of bytes, and reads no bytes that would be taken for the end', async () => {
    const { poller, descriptor } = await pair()
    const wrong = new Float64Array(2) as unknown as Uint8Array
    const detached = new Uint8Array(8)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    expect(poller.readInto(descriptor, wrong)).toBe(-EINVAL)
    expect(poller.readInto(descriptor, new Uint8Array(0))).toBe(-EINVAL)
    expect(poller.readInto(descriptor, detached)).toBe(-EINVAL)
    expect(poller.read(descriptor, 0)).toBe(-EINVAL)
    expect(poller.write(descriptor, 'text' as unknown as Uint8Array)).toBe(-EINVAL)
    expect(poller.write(descriptor, detached)).toBe(0)
    expect(poller.writeAll(descriptor, [new Uint8Array(1), wrong])).toBe(-EINVAL)
    expect(poller.writeAll(descriptor, {} as Uint8Array[])).toBe(-EINVAL)
  })

  test('sends no bytes that were taken away while it looked at an array', async () => {
    const { poller, descriptor, peer } = await pair()
    const first = new Uint8Array(1_000)
    const take = (): Buffer => {
      structuredClone(first.buffer, { transfer: [first.buffer] })
      return Buffer.from('second')
    }
    const chunks = Object.defineProperty([first], 1, { get: take }) as Uint8Array[]
    expect(poller.writeAll(descriptor, chunks)).toBe(6)
    poller.shutdown(descriptor)
    expect(await text(peer)).toBe('second')
    peer.end()
  })

  test('keeps its memory, whoever tries to give it away', () => {
    const { memory } = loadNative()
    try {
      structuredClone(memory, { transfer: [memory.buffer as ArrayBuffer] })
    } catch {
      // From Node 21 on it is an error, before it is left out.
    }
    expect(memory.byteLength).toBe(256 * 1024)
  })
})
