import { DatagramTooLargeError, HalfCloseUnsupportedError, InvalidOptionError } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { udpSessionOf, type UdpSession } from '../src/session/udp-session.ts'
import type { UdpServerOptions } from '../src/server/server-options.ts'
import { listenFake, settled } from './support.ts'

async function begin(options: UdpServerOptions = {}, size = 100, address = '127.0.0.2') {
  const set = await listenFake(options)
  set.receive(size, address)
  return { ...set, session: set.sessions[0] as UdpSession }
}

const write = async (session: UdpSession, ...sizes: number[]): Promise<void> => {
  for (const size of sizes) session.write(new Uint8Array(size))
  await settled()
}

describe('UdpSession', () => {
  test('reads each datagram as one item, an empty one included', async () => {
    const { session, receive } = await begin({}, 0)
    receive(1)
    receive(65_507)
    const sizes: number[] = []
    for await (const item of session) if (sizes.push(item.byteLength) === 3) break
    expect(sizes).toEqual([0, 1, 65_507])
  })

  test('keeps no more than a few waiting datagrams in memory that others share', async () => {
    const { session } = await begin({}, 0)
    const slab = Buffer.alloc(32 * 1024)
    for (let i = 0; i < 20; i++) session.receive(slab.subarray(i, i + 1).fill(i))
    const items: Uint8Array[] = []
    for await (const item of session) if (items.push(item) === 21) break
    expect(items.flatMap((item) => [...item])).toEqual([...Array(20).keys()])
    // The one that began the session waits before them.
    expect(items.filter(({ buffer }) => buffer === slab.buffer)).toHaveLength(3)
  })

  test('writes each item as one datagram, an empty one included', async () => {
    const { session, driver } = await begin()
    await write(session, 1, 0, 2)
    expect(driver.sizes).toEqual([1, 0, 2])
  })

  test.each([
    ['127.0.0.2', 65_507],
    ['::1', 65_527],
    ['::ffff:127.0.0.2', 65_507],
  ])('refuses to write to %s more than %i bytes', async (address, limit) => {
    const { session, driver } = await begin({ maxReplyRatio: Infinity }, 1, address)
    await write(session, limit)
    expect(driver.sizes).toEqual([limit])
    expect(() => session.write(new Uint8Array(limit + 1))).toThrow(DatagramTooLargeError)
    expect(session.status).toBe('open')
  })

  test('refuses what is no Uint8Array', async () => {
    const { session } = await begin()
    expect(() => session.write('text' as never)).toThrow(InvalidOptionError)
  })

  test('has no effect, and throws nothing, when written to after close', async () => {
    const { session, driver } = await begin()
    await session.close()
    expect(session.write(new Uint8Array(70_000))).toBe(false)
    await settled()
    expect(driver.sent).toEqual([])
  })

  test('has no half-close', async () => {
    const { session } = await begin()
    await expect(session.closeWrite()).rejects.toThrow(HalfCloseUnsupportedError)
  })

  describe('reply budget', () => {
    test('drops, counts and reports what is over three times the bytes received', async () => {
      const { session, driver, events } = await begin()
      await write(session, 200, 101, 100)
      expect(driver.sizes).toEqual([200, 100])
      const { remoteAddress } = session
      expect(events).toEqual([
        { type: 'datagram-dropped', direction: 'outbound', reason: 'reply-ratio', remoteAddress, bytes: 101 },
      ])
    })

    test('drops, counts and reports more than 256 datagrams for one', async () => {
      const { session, driver, drops } = await begin()
      await write(session, ...Array.from({ length: 300 }, () => 1))
      expect(driver.sent).toHaveLength(256)
      expect(drops()).toEqual(Array.from({ length: 44 }, () => 'reply-datagrams'))
    })

    test('grows with every datagram that comes', async () => {
      const { session, driver, receive } = await begin({ maxReplyRatio: 1 })
      await write(session, 100, 1)
      receive(50)
      await write(session, 50, 1)
      expect(driver.sizes).toEqual([100, 50])
    })

    test('is lifted by prove', async () => {
      const { session, driver, drops } = await begin({}, 0)
      expect(session.proven).toBe(false)
      session.prove()
      session.prove()
      expect(session.proven).toBe(true)
      await write(session, 60_000)
      expect(driver.sizes).toEqual([60_000])
      expect(drops()).toEqual([])
    })

    test('is as the options say', async () => {
      const { session, driver } = await begin({ maxReplyRatio: 0.5, maxReplyDatagrams: 2 })
      await write(session, 51, 40, 5, 1)
      expect(driver.sizes).toEqual([40, 5])
    })
  })

  describe('queue', () => {
    test('holds 64 datagrams unread, and drops, counts and reports the newest', async () => {
      const { session, events, receive } = await begin({}, 10)
      for (let i = 0; i < 70; i++) receive(1)
      expect(session.queuedItems).toBe(64)
      const { remoteAddress } = session
      const drop = { type: 'datagram-dropped', direction: 'inbound', reason: 'session-queue', remoteAddress, bytes: 1 }
      expect(events).toEqual(Array.from({ length: 7 }, () => drop))
      for await (const first of session) {
        expect(first.byteLength).toBe(10)
        break
      }
    })

    test('holds 256 KiB unread', async () => {
      const { session, receive, drops } = await begin({}, 60_000)
      for (let i = 0; i < 5; i++) receive(60_000)
      expect(session.queuedBytes).toBe(240_000)
      receive(262_144 - 240_000)
      expect(session.queuedBytes).toBe(262_144)
      receive(1)
      expect(drops()).toEqual(['session-queue', 'session-queue', 'session-queue'])
    })

    test('takes a datagram that is larger than its bytes where nothing waits', async () => {
      const { session, receive } = await begin({ highWaterMark: 10 }, 1_000)
      receive(1)
      expect([session.queuedItems, session.queuedBytes]).toEqual([1, 1_000])
    })

    test('is empty while a reader keeps up', async () => {
      const { session, receive, drops } = await begin()
      let items = 0
      session.data$.subscribe(() => items++)
      for (let i = 0; i < 200; i++) receive(1)
      expect(items).toBe(201)
      expect(drops()).toEqual([])
    })
  })

  describe('udpSessionOf', () => {
    test('finds the session by what a plugin or a handler sees, until it is gone', async () => {
      const { session } = await begin()
      const { id } = session
      expect(udpSessionOf({ id })).toBe(session)
      await session.close()
      expect(udpSessionOf({ id })).toBeUndefined()
      expect(udpSessionOf({ id: 'tcp-1' })).toBeUndefined()
    })
  })
})
