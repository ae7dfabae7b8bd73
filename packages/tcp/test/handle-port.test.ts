import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { acceptHandles } from '../src/server/accept-handles.ts'
import { HandlePort } from '../src/ports/handle-port.ts'
import { findStreamBinding } from '../src/ports/stream-binding.ts'
import { handlePair, pattern, PortRecorder, received, streamBinding } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

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
