import { once } from 'node:events'
import type { Socket } from 'node:net'
import { ConnectionResetError } from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { SocketPort } from '../src/ports/socket-port.ts'
import { LINGER_MOST, LINGER_QUIET, StreamDriver } from '../src/driver/stream-driver.ts'
import type { PortEvents, StreamPort } from '../src/ports/stream-port.ts'
import { pattern, portKinds, portPair, Recorder, socketKinds } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

const MIB = 1024 * 1024
const remoteAddress = { address: '127.0.0.1', port: 7, family: 'IPv4' } as const

expectNothingLeft()

/** What the peer's side of a pair sees of a reset: a driver too, for Node's own socket may take it for a clean end. */
function watch(socket: Socket): Recorder {
  const seen = new Recorder()
  const createPort = (events: PortEvents): StreamPort => new SocketPort(socket, events, { resets: true })
  new StreamDriver({ createPort, remoteAddress, clock: new VirtualClock() }, seen).resume()
  return seen
}

/** Everything until the end of input, or until the socket breaks. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()))
  return Buffer.concat(chunks)
}

const write = (driver: StreamDriver, ...chunks: Uint8Array[]): void => {
  driver.write(chunks, chunks.reduce((sum, { byteLength }) => sum + byteLength, 0))
}

describe.each(portKinds)('a driver on a %s', (port) => {
  async function setUp(kind: 'tcp' | 'unix' = 'tcp') {
    const { createPort, bytesRead, remote } = await portPair(port, kind)
    const seen = new Recorder()
    const clock = new VirtualClock()
    const driver = new StreamDriver({ createPort, remoteAddress, clock }, seen)
    const remoteErrors: (string | undefined)[] = []
    remote.on('error', (error: NodeJS.ErrnoException) => remoteErrors.push(error.code))
    return { bytesRead, remote, seen, clock, driver, remoteErrors }
  }

  describe('reading', () => {
    test('begins paused and delivers from resume on', async () => {
      const { remote, driver, seen } = await setUp()
      remote.end('hello')
      await once(remote, 'finish')
      // What comes back has passed what went out: the driver could have read by then.
      write(driver, pattern(1))
      await once(remote, 'data')
      await new Promise((resolve) => setImmediate(resolve))
      expect(seen.bytes).toBe(0)
      driver.resume()
      expect(seen.bytes).toBe(0)
      await vi.waitFor(() => expect(seen.calls).toContain('end'))
      expect(Buffer.concat(seen.chunks).toString()).toBe('hello')
    })

    test('holds the peer back while paused, and loses nothing', async () => {
      const { remote, driver, seen } = await setUp()
      const sent = pattern(16 * MIB)
      seen.onChunk = () => driver.pause()
      driver.resume()
      remote.end(sent)
      await vi.waitFor(() => expect(seen.chunks.length).toBe(1))
      expect(remote.writableLength).toBeGreaterThan(0)
      seen.onChunk = undefined
      driver.resume()
      await vi.waitFor(() => expect(seen.calls).toContain('end'))
      expect(Buffer.concat(seen.chunks).equals(sent)).toBe(true)
    })

    test('delivers nothing more from within the callback that pauses', async () => {
      const { remote, driver, seen } = await setUp()
      remote.write('one')
      await vi.waitFor(() => expect(remote.writableLength).toBe(0))
      seen.onChunk = () => driver.pause()
      driver.resume()
      await vi.waitFor(() => expect(seen.bytes).toBe(3))
      remote.write('two')
      const echo = pattern(10)
      write(driver, echo)
      await once(remote, 'data')
      expect(seen.bytes).toBe(3)
    })
  })

  describe('writing', () => {
    test('keeps order and content in chunks of every size', async () => {
      const { remote, driver } = await setUp()
      const sizes = [1, 65_535, 65_536, 65_537, 3, 200_000, 7, 7, 7, 30_000, 30_000, 30_000, 1_000_000, 1]
      const sent = pattern(sizes.reduce((a, b) => a + b) * 4)
      let at = 0
      for (let round = 0; round < 4; round++) {
        write(driver, ...sizes.map((size) => sent.subarray(at, (at += size))))
      }
      driver.endWrite()
      expect((await readAll(remote)).equals(sent)).toBe(true)
    })

    test('shows the progress of a peer that reads slowly, and drains once', async () => {
      const { remote, driver, seen } = await setUp()
      remote.pause()
      const sent = pattern(32 * MIB)
      write(driver, sent)
      const levels = new Set<number>([driver.pendingBytes])
      expect(driver.pendingBytes).toBeGreaterThan(MIB)
      let received = 0
      remote.on('data', (chunk: Buffer) => {
        expect(Buffer.compare(chunk, sent.subarray(received, received + chunk.length))).toBe(0)
        received += chunk.length
        levels.add(driver.pendingBytes)
      })
      remote.resume()
      await vi.waitFor(() => expect(received).toBe(sent.length), { timeout: 10_000 })
      expect(levels.size).toBeGreaterThan(3)
      expect(driver.pendingBytes).toBe(0)
      expect(seen.count('drain')).toBe(1)
    })

    test('has no effect after reset', async () => {
      const { remote, driver, seen } = await setUp()
      const peer = watch(remote)
      driver.reset()
      write(driver, pattern(4))
      driver.endWrite()
      driver.close()
      driver.reset()
      await vi.waitFor(() => expect(seen.calls).toEqual(['closed']))
      await vi.waitFor(() => expect(peer.calls).toEqual(['error', 'closed']))
      expect(peer.bytes).toBe(0)
    })
  })

  describe('.endWrite', () => {
    test.each(socketKinds(port))('sends 8 MiB to a half-closed peer that reads slowly (%s)', async (kind) => {
      const { remote, driver, seen } = await setUp(kind)
      const sent = pattern(8 * MIB)
      remote.pause()
      remote.end(sent)
      driver.resume()
      await vi.waitFor(() => expect(seen.calls).toContain('end'))
      write(driver, ...seen.chunks)
      driver.endWrite()
      expect(seen.count('writeEnded')).toBe(0)
      const received: Buffer[] = []
      // 64 KiB a turn of the loop.
      let ended = false
      remote.once('end', () => (ended = true))
      while (!ended) {
        const chunk = remote.read(65_536) ?? remote.read()
        if (chunk !== null) received.push(chunk as Buffer)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(Buffer.concat(received).equals(sent)).toBe(true)
      await vi.waitFor(() => expect(seen.calls.at(-1)).toBe('closed'))
      expect(seen.count('writeEnded')).toBe(1)
      expect(seen.errors).toEqual([])
    })

    test('leaves input open', async () => {
      const { remote, driver, seen } = await setUp()
      driver.resume()
      driver.endWrite()
      await once(remote.resume(), 'end')
      expect(seen.calls).toEqual(['writeEnded'])
      remote.end('still here')
      await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded', 'end', 'closed']))
      expect(seen.bytes).toBe(10)
    })
  })

  describe('.close', () => {
    test('gets everything written across to a peer whose input is not read', async () => {
      const { remote, driver, seen, remoteErrors } = await setUp()
      const sent = pattern(4 * MIB)
      remote.pause()
      remote.write(pattern(MIB))
      write(driver, sent)
      driver.close()
      const received = await readAll(remote.resume())
      expect(received.equals(sent)).toBe(true)
      expect(seen.calls).toEqual(expect.not.arrayContaining(['closed']))
      remote.end(pattern(MIB))
      await vi.waitFor(() => expect(seen.calls.at(-1)).toBe('closed'))
      expect(seen.bytes).toBe(0)
      expect(seen.errors).toEqual([])
      expect(remoteErrors).toEqual([])
    })

    test('releases the socket after a quiet time where the peer keeps its side open', async () => {
      const { remote, driver, seen, clock } = await setUp()
      driver.close()
      await once(remote.resume(), 'end')
      await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded']))
      clock.advance(LINGER_QUIET - 1)
      remote.write('more')
      await vi.waitFor(() => expect(remote.writableLength).toBe(0))
      expect(seen.calls).not.toContain('closed')
      clock.advance(LINGER_QUIET + 1)
      await vi.waitFor(() => expect(seen.calls.at(-1)).toBe('closed'))
    })

    test('releases the socket after the longest time where the peer never stops sending', async () => {
      const { bytesRead, remote, driver, seen, clock } = await setUp()
      driver.close()
      await once(remote.resume(), 'end')
      await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded']))
      for (let elapsed = 0; elapsed < LINGER_MOST; elapsed += LINGER_QUIET / 2) {
        expect(seen.calls).not.toContain('closed')
        const before = bytesRead()
        remote.write('x')
        await vi.waitFor(() => expect(bytesRead()).toBe(before + 1))
        clock.advance(LINGER_QUIET / 2)
      }
      await vi.waitFor(() => expect(seen.calls.at(-1)).toBe('closed'))
      expect(seen.errors).toEqual([])
    })

    test('tells of a peer that resets before it has taken everything', async () => {
      const { remote, driver, seen } = await setUp()
      remote.pause()
      write(driver, pattern(32 * MIB))
      driver.close()
      remote.resetAndDestroy()
      await vi.waitFor(() => expect(seen.calls).toEqual(['error', 'closed']))
      expect(seen.errors[0]).toBeInstanceOf(ConnectionResetError)
    })

    test('takes no offence at a peer that resets after everything was sent', async () => {
      const { remote, driver, seen } = await setUp()
      write(driver, pattern(10))
      driver.close()
      await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded']))
      remote.resetAndDestroy()
      await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded', 'closed']))
    })

    test('is done once, however often it is called', async () => {
      const { remote, driver, seen } = await setUp()
      driver.close()
      driver.close()
      remote.end()
      await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded', 'closed']))
      driver.close()
      driver.reset()
    })
  })

  test('.skipLinger makes close release with the FIN', async () => {
    const { remote, driver, seen, remoteErrors } = await setUp()
    driver.skipLinger()
    driver.close()
    await once(remote.resume(), 'end')
    await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded', 'closed']))
    expect(remoteErrors).toEqual([])
  })

  describe('.reset', () => {
    test('discards what is queued and resets the peer', async () => {
      const { remote, driver, seen } = await setUp()
      write(driver, pattern(32 * MIB))
      driver.reset()
      const peer = watch(remote)
      await vi.waitFor(() => expect(peer.calls).toEqual(['error', 'closed']))
      expect(peer.bytes).toBeLessThan(32 * MIB)
      expect(seen.calls).toEqual(['closed'])
    })

    test.each(['endWrite', 'close'] as const)('after %s of a full queue cuts the stream, not ends it', async (end) => {
      const { remote, driver, seen } = await setUp()
      write(driver, pattern(32 * MIB))
      driver[end]()
      driver.reset()
      const peer = watch(remote)
      await vi.waitFor(() => expect(peer.calls).toEqual(['error', 'closed']))
      expect(seen.calls).toEqual(['closed'])
    })

    test('while the FIN is on its way leaves no handle behind', async () => {
      const { driver, seen } = await setUp()
      driver.endWrite()
      driver.reset()
      await vi.waitFor(() => expect(seen.calls).toEqual(['closed']))
      // afterEach finds the handle, if one is left.
    })

    test.each(socketKinds(port).filter((kind) => kind === 'unix'))('over a %s socket, which knows none, ends it', async (kind) => {
      const { remote, driver, seen } = await setUp(kind)
      driver.reset()
      await readAll(remote)
      await vi.waitFor(() => expect(seen.calls).toEqual(['closed']))
    })
  })

  describe('a connection that breaks', () => {
    test.each(['reading', 'writing', 'half-closed'] as const)('is told once, with its cause (%s)', async (phase) => {
      const { remote, driver, seen } = await setUp()
      if (phase !== 'writing') driver.resume()
      if (phase === 'writing') write(driver, pattern(32 * MIB))
      if (phase === 'half-closed') driver.endWrite()
      remote.resetAndDestroy()
      await vi.waitFor(() => expect(seen.calls.at(-1)).toBe('closed'))
      expect(seen.calls.filter((call) => call !== 'writeEnded')).toEqual(['error', 'closed'])
      const [error] = seen.errors
      expect(error).toBeInstanceOf(ConnectionResetError)
      expect(error).toMatchObject({
        code: 'MILLRACE_ERR_CONNECTION_RESET',
        remoteAddress,
        cause: { code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) },
      })
    })

    test('with a reset right behind data is no end of input, in any phase of ours', async () => {
      for (const halfClosed of [false, true]) {
        const { remote, driver, seen } = await setUp()
        if (halfClosed) {
          driver.endWrite()
          await vi.waitFor(() => expect(seen.calls).toEqual(['writeEnded']))
        }
        remote.write(pattern(128_000))
        remote.resetAndDestroy()
        await once(remote, 'close')
        driver.resume()
        await vi.waitFor(() => expect(seen.calls.slice(-2)).toEqual(['error', 'closed']))
        expect(seen.calls).not.toContain('end')
        expect(seen.errors).toEqual([expect.objectContaining({ cause: expect.objectContaining({ code: 'ECONNRESET' }) })])
      }
    })

  })
})

test.each([true, false])('an end that may have to wait for room (%j) counts as unsent, once the connection closes', (endWaits) => {
  const port = {
    queuedBytes: 0,
    inputEnded: false,
    outputEnded: false,
    ending: false,
    endWaits,
    resume() {},
    end() {
      port.ending = true
    },
    destroy() {},
  }
  const createPort = (): StreamPort => port as unknown as StreamPort
  const driver = new StreamDriver({ createPort, remoteAddress, clock: new VirtualClock() }, new Recorder())
  expect(driver.pendingBytes).toBe(0)
  driver.close()
  expect(port.ending).toBe(true)
  expect(driver.pendingBytes).toBe(endWaits ? 1 : 0)
  port.outputEnded = true
  expect(driver.pendingBytes).toBe(0)
})
