import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { pattern, PortRecorder, portKinds, portPair, received } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

const MIB = 1024 * 1024
expectNothingLeft()

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

// What those have in common that read into memory of their own choice.
describe.each(portKinds.filter((kind) => kind !== 'socket'))('a port on a %s', (kind) => {
  async function setUp() {
    const { createPort, bytesRead, remote } = await portPair(kind)
    // It is reset where it is closed with something unread.
    remote.on('error', () => {})
    const seen = new PortRecorder()
    const port = createPort(seen)
    const close = async (): Promise<void> => {
      port.destroy()
      await vi.waitFor(() => expect(seen.calls.at(-1)).toBe('close'))
    }
    return { bytesRead, remote, seen, port, close }
  }

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
      const { bytesRead, remote, seen, port, close } = await setUp()
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
    test('reads bulk into the one buffer that all share, and says so before it does it again', async () => {
      const pairs = [await setUp(), await setUp()]
      const memories = new Set<ArrayBufferLike>()
      for (const { remote, seen, port } of pairs) {
        seen.borrows = true
        let lent = 0
        seen.onChunk = ({ buffer, byteLength }) => {
          if (kind === 'handle' && byteLength <= 8192) return
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
