import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { acceptHandles } from '../src/accept-handles.ts'
import { BufferReader } from '../src/buffer-reader.ts'
import { pattern } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

expectNothingLeft()

interface Accepted {
  readonly reader: BufferReader
  readonly peer: Socket
  readonly chunks: Uint8Array[]
}

/** An accepted connection that is read by a reader, and its peer. */
async function accepted(): Promise<Accepted> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const taken = new Promise<BufferReader>((resolve) => {
    expect(acceptHandles(server, (handle) => resolve(new BufferReader(handle)))).toBe(true)
  })
  const peer = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', allowHalfOpen: true })
  const reader = await taken
  server.close()
  const chunks: Uint8Array[] = []
  reader.to((chunk) => chunks.push(chunk))
  return { reader, peer, chunks }
}

const close = async ({ reader, peer }: Accepted): Promise<void> => {
  const closed = [once(reader.socket, 'close'), once(peer, 'close')]
  reader.socket.destroy()
  peer.destroy()
  await Promise.all(closed)
}

describe('BufferReader', () => {
  test('gives every byte in order, in chunks that no later read changes', async () => {
    const pair = await accepted()
    const sent = pattern(1024 * 1024)
    pair.reader.resume()
    for (const size of [1, 7, 64, 5000, 9000, 100_000]) pair.peer.write(sent.subarray(0, size))
    pair.peer.end(sent)
    await once(pair.reader.socket, 'end')
    const all = Buffer.concat(pair.chunks)
    const wanted = Buffer.concat([...[1, 7, 64, 5000, 9000, 100_000].map((size) => sent.subarray(0, size)), sent])
    expect(all.equals(wanted)).toBe(true)
    await close(pair)
  })

  test('keeps one chunk while paused, reads no more, and gives it in a turn of its own', async () => {
    const pair = await accepted()
    const large = pattern(8 * 1024 * 1024)
    const taken = vi.fn()
    pair.peer.write(large, taken)
    await vi.waitFor(() => expect(pair.reader.socket.bytesRead).toBeGreaterThan(0))
    const { bytesRead } = pair.reader.socket
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(pair.reader.socket.bytesRead).toBe(bytesRead)
    expect(bytesRead).toBeLessThanOrEqual(64 * 1024)
    expect(taken).not.toHaveBeenCalled()
    pair.reader.resume()
    expect(pair.chunks).toEqual([])
    await vi.waitFor(() => expect(pair.chunks.reduce((sum, { length }) => sum + length, 0)).toBe(large.length))
    expect(Buffer.concat(pair.chunks).equals(large)).toBe(true)
    await close(pair)
  })

  test('tells an end that comes before any data while paused', async () => {
    const pair = await accepted()
    pair.peer.end()
    await once(pair.reader.socket, 'end')
    expect(pair.chunks).toEqual([])
    await close(pair)
  })

  test('stops in the middle when it is paused in a chunk', async () => {
    const pair = await accepted()
    pair.reader.to((chunk) => {
      pair.chunks.push(chunk)
      pair.reader.pause()
    })
    pair.reader.resume()
    pair.peer.write(pattern(1024 * 1024))
    await vi.waitFor(() => expect(pair.chunks).toHaveLength(1))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(pair.chunks).toHaveLength(1)
    pair.reader.resume()
    await vi.waitFor(() => expect(pair.chunks.length).toBeGreaterThan(1))
    await close(pair)
  })
})

describe('acceptHandles', () => {
  test('says so where a server has no handle to take them from', () => {
    expect(acceptHandles(createServer(), () => {})).toBe(false)
  })

  test('leaves a handle that cannot be read so, and a failed accept, to Node', async () => {
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
