import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { acceptHandles } from '../src/accept-handles.ts'
import { HandlePort } from '../src/handle-port.ts'
import { findStreamBinding } from '../src/stream-binding.ts'
import { handlePair, pattern, PortRecorder, received, streamBinding } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

const MIB = 1024 * 1024
expectNothingLeft()

async function setUp() {
  const { handle, remote } = await handlePair()
  // It is reset where it is closed with something unread.
  remote.on('error', () => {})
  const seen = new PortRecorder()
  const port = new HandlePort(handle, seen, streamBinding())
  const close = async (): Promise<void> => {
    port.destroy()
    await vi.waitFor(() => expect(seen.calls.at(-1)).toBe('close'))
  }
  return { handle, remote, seen, port, close }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('reading what is to be kept', () => {
  test('gives every byte in order, in chunks that no later read changes', async () => {
    const { remote, seen, port, close } = await setUp()
    const sizes = [1, 7, 64, 5000, 9000, 100_000, 3 * MIB]
    const sent = pattern(3 * MIB)
    port.resume()
    for (const size of sizes) {
      const bytes = seen.bytes
      remote.write(sent.subarray(0, size))
      await vi.waitFor(() => expect(seen.bytes).toBe(bytes + size))
    }
    expect(Buffer.concat(seen.chunks).equals(Buffer.concat(sizes.map((size) => sent.subarray(0, size))))).toBe(true)
    await close()
  })

  test('pins no more than 32 KiB by a small chunk, in the middle of bulk too', async () => {
    const { remote, seen, port, close } = await setUp()
    port.resume()
    for (const size of [200_000, 10]) {
      const bytes = seen.bytes
      remote.write(pattern(size))
      await vi.waitFor(() => expect(seen.bytes).toBe(bytes + size))
    }
    expect(seen.chunks.at(-1)?.buffer.byteLength).toBe(32 * 1024)
    await close()
  })

  test('keeps one chunk while paused, reads no more, and gives it in a turn of its own', async () => {
    const { handle, remote, seen, port, close } = await setUp()
    const bytesRead = (): number => (handle as unknown as { bytesRead: number }).bytesRead
    const large = pattern(8 * MIB)
    const taken = vi.fn()
    remote.write(large, taken)
    await vi.waitFor(() => expect(bytesRead()).toBeGreaterThan(0))
    const before = bytesRead()
    await turns()
    expect(bytesRead()).toBe(before)
    expect(before).toBeLessThanOrEqual(64 * 1024)
    expect(taken).not.toHaveBeenCalled()
    port.resume()
    expect(seen.chunks).toEqual([])
    await vi.waitFor(() => expect(seen.bytes).toBe(large.length))
    expect(Buffer.concat(seen.chunks).equals(large)).toBe(true)
    await close()
  })

  test('tells an end, and a reset, that come before any data while paused', async () => {
    for (const [end, told] of [['end', 'end'], ['resetAndDestroy', 'error']] as const) {
      const { remote, seen, close } = await setUp()
      remote[end]()
      await vi.waitFor(() => expect(seen.calls[0]).toBe(told))
      expect(seen.chunks).toEqual([])
      await close()
    }
  })

  test('stops in the middle when it is paused in a chunk', async () => {
    const { remote, seen, port, close } = await setUp()
    seen.onChunk = () => port.pause()
    port.resume()
    remote.write(pattern(MIB))
    await vi.waitFor(() => expect(seen.chunks).toHaveLength(1))
    await turns()
    expect(seen.chunks).toHaveLength(1)
    port.resume()
    await vi.waitFor(() => expect(seen.chunks.length).toBeGreaterThan(1))
    await close()
  })
})

describe('lending', () => {
  /** Sends messages one after the other; gives the memory that each of their chunks was in, by its address. */
  async function places(sizes: readonly number[], holdsInput: boolean): Promise<Set<string>> {
    const { remote, seen, port, close } = await setUp()
    Object.assign(seen, { borrows: true, holdsInput })
    const memories: ArrayBufferLike[] = []
    const seenAt = new Set<string>()
    seen.onChunk = ({ buffer, byteOffset }) => {
      if (!memories.includes(buffer)) memories.push(buffer)
      seenAt.add(`${memories.indexOf(buffer)}:${byteOffset}`)
    }
    port.resume()
    for (const size of sizes) {
      const bytes = seen.bytes
      remote.write(pattern(size))
      await vi.waitFor(() => expect(seen.bytes).toBe(bytes + size))
    }
    await close()
    return seenAt
  }

  test('reads small chunks into the same place again once nothing of them is in use', async () => {
    const sizes = Array.from({ length: 20 }, () => 100)
    // 32 KiB of the chunks of other tests may end in between.
    expect((await places(sizes, false)).size).toBeLessThanOrEqual(2)
    expect((await places(sizes, true)).size).toBe(20)
  })

  test('reads bulk into the one buffer that all share, and says so before it does it again', async () => {
    const pairs = [await setUp(), await setUp()]
    const memories = new Set<ArrayBufferLike>()
    for (const { remote, seen, port } of pairs) {
      seen.borrows = true
      let lent = 0
      seen.onChunk = ({ buffer, byteLength }) => {
        if (byteLength <= 8192) return
        expect(seen.owned).toBe(lent++)
        memories.add(buffer)
      }
      port.resume()
      for (let i = 1; i <= 10; i++) {
        remote.write(pattern(100_000))
        await vi.waitFor(() => expect(seen.bytes).toBe(i * 100_000))
      }
    }
    expect(memories.size).toBe(1)
    for (const { close } of pairs) await close()
  })

  test('copies what the kernel does not take at once of what is written of a chunk', async () => {
    const { remote, seen, port, close } = await setUp()
    seen.borrows = true
    seen.onChunk = (chunk) => {
      // Whole, and in two pieces, as a stage may have cut it.
      if (seen.chunks.length % 2 === 0) return port.send([chunk], chunk.byteLength)
      const half = chunk.byteLength >> 1
      port.send([chunk.subarray(0, half), chunk.subarray(half)], chunk.byteLength)
    }
    const sent = pattern(16 * MIB)
    port.resume()
    remote.pause()
    remote.write(sent)
    // Not read, so that at the end nothing of it is taken at once.
    await vi.waitFor(() => expect(seen.bytes).toBe(sent.length))
    expect(port.queuedBytes).toBeGreaterThan(MIB)
    const all = received(remote.resume())
    await vi.waitFor(() => expect(seen.calls).toContain('sent'))
    port.end()
    expect((await all).bytes.equals(sent)).toBe(true)
    await close()
  })
})

test('bulk to keep that has fallen silent is read like any other connection again, its next chunk too', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const { handle, remote, seen, port, close } = await setUp()
    const told = vi.spyOn(handle, 'useUserBuffer')
    port.resume()
    const send = async (bytes: Uint8Array): Promise<void> => {
      const before = seen.bytes
      remote.write(bytes)
      await vi.waitFor(() => expect(seen.bytes).toBe(before + bytes.length))
    }
    await send(pattern(20_000))
    vi.advanceTimersByTime(1_000)
    await send(pattern(20_000))
    vi.advanceTimersByTime(1_000)
    expect(told).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    expect(told).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
    const sent = pattern(300_000)
    await send(sent)
    expect(Buffer.concat(seen.chunks).subarray(-1)).toEqual(Buffer.from(sent.subarray(-1)))
    // The second time it takes twice as long.
    vi.advanceTimersByTime(3_000)
    expect(told).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1_000)
    expect(told).toHaveBeenCalledTimes(2)
    await close()
  } finally {
    vi.useRealTimers()
  }
})

describe('writing', () => {
  test('joins small chunks into one request, and gathers large ones', async () => {
    const { handle, remote, port, close } = await setUp()
    const joined = vi.spyOn(handle, 'writeBuffer')
    const gathered = vi.spyOn(handle, 'writev')
    port.send(Array.from({ length: 100 }, () => Buffer.from('0123456789abcdef')), 1600)
    expect([joined.mock.calls.length, gathered.mock.calls.length]).toEqual([1, 0])
    const chunks = [pattern(20_000), pattern(20_001)]
    port.send(chunks, 40_001)
    expect([joined.mock.calls.length, gathered.mock.calls.length]).toEqual([1, 1])
    expect(gathered.mock.calls[0]?.[1]).toEqual(chunks)
    port.end()
    const wanted = Buffer.concat([Buffer.from('0123456789abcdef'.repeat(100)), ...chunks])
    expect((await received(remote)).bytes.equals(wanted)).toBe(true)
    await close()
  })

  test('tells an error of the system once, later, and takes no more', async () => {
    const { remote, seen, port } = await setUp()
    remote.resetAndDestroy()
    await once(remote, 'close')
    while (port.queuedBytes === 0) port.send([pattern(1000)], 1000)
    port.send([pattern(1000)], 1000)
    expect(seen.calls).toEqual([])
    await vi.waitFor(() => expect(seen.calls).toEqual(['error', 'close']))
    expect(seen.errors[0]).toMatchObject({ syscall: expect.stringMatching(/^(write|read)$/), errno: expect.any(Number) })
  })
})

describe('acceptHandles', () => {
  test('says so where a server has no handle to take them from', () => {
    expect(acceptHandles(createServer(), () => {})).toBe(false)
  })

  test('leaves a handle that cannot be used, and a failed accept, to Node', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { _handle: listening } = server as unknown as { _handle: { onconnection: (...args: unknown[]) => void } }
    const left: unknown[][] = []
    const original = listening.onconnection
    listening.onconnection = (...args) => void left.push(args)
    const taken = vi.fn()
    acceptHandles(server, taken)
    const odd = {}
    listening.onconnection(0, odd)
    listening.onconnection(-24, undefined)
    expect(left).toEqual([[0, odd], [-24, undefined]])
    expect(taken).not.toHaveBeenCalled()
    listening.onconnection = original
    server.close()
    await once(server, 'close')
  })
})

test('findStreamBinding finds none where public interfaces alone are asked for', () => {
  expect(findStreamBinding()).toBeDefined()
  vi.stubEnv('MILLRACE_DRIVER', 'public')
  expect(findStreamBinding()).toBeUndefined()
  vi.unstubAllEnvs()
})
