import { describe, expect, test } from 'vitest'
import { giveOut } from '../src/session/give-out.ts'
import type { DatagramBatch } from '../src/drivers/udp-driver.ts'
import { listenFake, settled } from './support.ts'

const FROM = ['127.0.0.2', 5_000] as const
const batchOf = (length: number): DatagramBatch & { length: number } => ({
  length,
  data: () => new Uint8Array(0),
  peer: () => 0,
  sender: () => ({ address: '192.0.2.1', port: 1 }),
})

describe('giveOut', () => {
  test('gives out each in order, at once where nobody has to run between', () => {
    const given: number[] = []
    giveOut(batchOf(3), (_batch, index) => {
      given.push(index)
      return 'next'
    })
    expect(given).toEqual([0, 1, 2])
  })

  test('lets promises of any depth run before it goes on', async () => {
    const log: string[] = []
    giveOut(batchOf(2), (_batch, index) => {
      log.push(`take ${index}`)
      void (async () => {
        for (let i = 0; i < 20; i++) await Promise.resolve()
        log.push(`ran ${index}`)
      })()
      return 'pause'
    })
    await settled()
    expect(log).toEqual(['take 0', 'ran 0', 'take 1', 'ran 1'])
  })

  test('offers one again that asks for it, and says so', async () => {
    const log: string[] = []
    giveOut(batchOf(3), (_batch, index, isRetry) => {
      log.push(`${index} ${isRetry}`)
      return index === 1 && !isRetry ? 'again' : 'next'
    })
    expect(log).toEqual(['0 false', '1 false'])
    await settled()
    expect(log).toEqual(['0 false', '1 false', '1 true', '2 false'])
  })

  test('ends where its socket is closed meanwhile', async () => {
    const given: number[] = []
    const batch = batchOf(3)
    giveOut(batch, (_batch, index) => {
      given.push(index)
      return 'pause'
    })
    batch.length = 0
    await settled()
    expect(given).toEqual([0])
  })
})

describe('a burst in one batch', () => {
  const burst = (count: number) => Array.from({ length: count }, () => [new Uint8Array(1), ...FROM] as const)

  test('overflows no queue whose reader keeps up', async () => {
    const { driver, sessions, receive, drops } = await listenFake({ maxSessionQueue: 2 })
    receive(1)
    let read = 0
    void (async () => {
      for await (const _ of sessions[0] ?? []) read++
    })()
    await settled()
    driver.deliver(...burst(100))
    await settled()
    expect([read, drops()]).toEqual([101, []])
  })

  test('is bounded where its reader does not', async () => {
    const { driver, sessions, receive, drops } = await listenFake({ maxSessionQueue: 2 })
    receive(1)
    const reader = sessions[0]?.source[Symbol.asyncIterator]()
    await reader?.next()
    driver.deliver(...burst(100))
    await settled()
    expect(drops()).toHaveLength(98)
    expect(sessions[0]?.queuedItems).toBe(2)
  })

  test('of new peers lets each be taken before the next comes', async () => {
    const { driver, sessions } = await listenFake()
    const seen: number[] = []
    driver.deliver(...Array.from({ length: 5 }, (_, i) => [new Uint8Array(1), '127.0.0.2', 5_000 + i] as const))
    seen.push(sessions.length)
    await settled()
    seen.push(sessions.length)
    expect(seen).toEqual([1, 5])
  })
})
