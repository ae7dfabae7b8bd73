import { describe, expect, test, vi } from 'vitest'
import { Outbox } from '../src/connection/outbox.ts'
import { joined } from '../src/testing/index.ts'
import { FakeDriver } from './support/fake-driver.ts'
import { encode, textOf } from './support/plugins.ts'

const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

function makeOutbox(highWaterMark = 10, datagram = false): { readonly outbox: Outbox; readonly driver: FakeDriver } {
  const driver = new FakeDriver()
  return { outbox: new Outbox(driver, highWaterMark, datagram), driver }
}

describe('an outbox', () => {
  test('hands everything of one turn over in one write', async () => {
    const { outbox, driver } = makeOutbox(100)
    for (const text of ['a', 'b', 'c']) outbox.push(encode(text))
    expect(driver.writes).toEqual([])
    await nextTick()
    expect(driver.writes.map((chunks) => textOf(chunks))).toEqual(['abc'])
  })

  test('hands over when the last cork is pulled, at once', () => {
    const { outbox, driver } = makeOutbox(100)
    outbox.cork()
    outbox.cork()
    outbox.push(encode('a'))
    outbox.uncork()
    outbox.push(encode('b'))
    expect(driver.writes).toEqual([])
    outbox.uncork()
    expect(driver.writes.map((chunks) => textOf(chunks))).toEqual(['ab'])
  })

  test('keeps datagrams apart, empty ones too', async () => {
    const { outbox, driver } = makeOutbox(100, true)
    for (const text of ['a', '', 'b']) outbox.push(encode(text))
    await nextTick()
    expect(driver.writes).toEqual([[encode('a'), encode(''), encode('b')]])
  })

  test('leaves large chunks as they are', async () => {
    const { outbox, driver } = makeOutbox(1e6)
    const large = new Uint8Array(5000)
    outbox.push(large)
    await nextTick()
    expect(driver.writes[0]?.[0]).toBe(large)
    expect(joined(driver.writes[0] ?? []).byteLength).toBe(5000)
  })

  test('tells at the mark, counting what the driver still holds', async () => {
    const { outbox, driver } = makeOutbox(10)
    driver.takes = false
    expect(outbox.push(new Uint8Array(9))).toBe(true)
    expect(outbox.push(new Uint8Array(1))).toBe(false)
    await nextTick()
    expect([outbox.level, outbox.full, outbox.sent]).toEqual([10, true, 0])
    driver.pendingBytes = 3
    expect([outbox.level, outbox.sent, outbox.accepted]).toEqual([3, 7, 10])
  })

  test('is drained when the driver is, once nothing is queued behind', async () => {
    const { outbox, driver } = makeOutbox()
    driver.takes = false
    const emptied = vi.fn()
    outbox.push(encode('a'))
    outbox.whenEmpty(emptied)
    const drained = outbox.drained()
    await nextTick()
    outbox.push(encode('b'))
    driver.pendingBytes = 0
    outbox.onDrain()
    expect(emptied).not.toHaveBeenCalled()
    await nextTick()
    driver.pendingBytes = 0
    outbox.onDrain()
    expect(emptied).toHaveBeenCalledOnce()
    await drained
  })

  test('is drained at once where nothing waits, and by a driver that takes all', async () => {
    const { outbox } = makeOutbox()
    const emptied = vi.fn()
    outbox.whenEmpty(emptied)
    expect(emptied).toHaveBeenCalledOnce()
    await outbox.drained()
    outbox.push(encode('a'))
    const drained = outbox.drained()
    await nextTick()
    await drained
  })

  test('drops what waits when the connection has failed, and those who wait are told', async () => {
    const { outbox, driver } = makeOutbox()
    const emptied = vi.fn()
    const reason = new RangeError('no')
    outbox.push(encode('a'))
    outbox.whenEmpty(emptied)
    const drained = outbox.drained()
    outbox.fail(reason)
    outbox.fail(new TypeError('again'))
    await nextTick()
    await expect(drained).rejects.toBe(reason)
    expect(driver.writes).toEqual([])
    expect(emptied).not.toHaveBeenCalled()
  })
})
