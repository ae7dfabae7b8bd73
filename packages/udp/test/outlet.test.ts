import { describe, expect, test } from 'vitest'
import type { UdpSession } from '../src/session/udp-session.ts'
import { listenFake, settled } from './support.ts'

const failure = (code: string): Error => Object.assign(new Error(`send ${code}`), { code })

async function begin(maxSendQueue?: number) {
  const set = await listenFake({ maxReplyRatio: Infinity, maxReplyDatagrams: Infinity, maxSendQueue })
  set.receive(1)
  const session = set.sessions[0] as UdpSession
  const write = async (size: number): Promise<boolean> => {
    const writable = session.write(new Uint8Array(size))
    await settled()
    return writable
  }
  return { ...set, session, write }
}

describe('Outlet', () => {
  test.each([
    ['EMSGSIZE', 'too-large'],
    ['ENETUNREACH', 'send-failed'],
    ['EPERM', 'send-failed'],
  ])('counts and reports %s as %s, and the session lives on', async (code, reason) => {
    const { driver, events, session, write } = await begin()
    await write(3)
    const error = failure(code)
    driver.sent[0]?.onSent?.(error)
    const { remoteAddress } = session
    const direction = 'outbound'
    expect(events).toEqual([{ type: 'datagram-dropped', direction, reason, remoteAddress, bytes: 3, error }])
    await write(4)
    expect(driver.sizes).toEqual([3, 4])
    expect(session.status).toBe('open')
  })

  test('asks for the outcome of the first sends, of one in sixteen, and of each after a failure', async () => {
    const { driver, write } = await begin()
    const asked = (): number => driver.sent.filter(({ onSent }) => onSent).length
    await write(1)
    await write(1)
    expect(asked()).toBe(2)
    driver.sent[1]?.onSent?.(null)
    for (let i = 0; i < 32; i++) await write(1)
    expect(asked()).toBe(4)
    driver.sent.findLast(({ onSent }) => onSent)?.onSent?.(failure('EPERM'))
    for (let i = 0; i < 5; i++) await write(1)
    expect(asked()).toBe(9)
  })

  test('asks for the outcome of each send that does not fit one Ethernet frame', async () => {
    const { driver, write } = await begin()
    await write(1)
    driver.sent[0]?.onSent?.(null)
    for (const size of [1_472, 1_473, 60_000]) await write(size)
    expect(driver.sent.map(({ onSent }) => onSent !== undefined)).toEqual([true, false, true, true])
  })

  test('drops, counts and reports what the send queue has no room for', async () => {
    const { driver, drops, write } = await begin(100)
    driver.queuedBytes = 90
    await write(1)
    await write(10)
    await write(11)
    expect(driver.sizes).toEqual([1, 10])
    expect(drops()).toEqual(['send-queue'])
    driver.queuedBytes = 0
    await write(11)
    expect(driver.sizes).toEqual([1, 10, 11])
  })

  test('is drained when the kernel has taken everything', async () => {
    const { clock, driver, session, write } = await begin()
    driver.queuedBytes = 50
    await write(50)
    expect(session.unsentBytes).toBe(50)
    let drained = false
    void session.drain().then(() => (drained = true))
    clock.advance(10)
    await settled()
    expect(drained).toBe(false)
    driver.queuedBytes = 0
    clock.advance(10)
    await settled()
    expect(drained).toBe(true)
    expect(session.unsentBytes).toBe(0)
  })

  test('tells a writer that the peer is behind by highWaterMark', async () => {
    const { driver, write } = await begin()
    driver.queuedBytes = 300_000
    for (let i = 0; i < 5; i++) await write(60_000)
    expect(await write(1)).toBe(false)
  })
})
