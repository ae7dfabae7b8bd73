import { ConnectionResetError } from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { openSession } from '../src/client/client-session.ts'
import { resolveConnectOptions } from '../src/client/connect-options.ts'
import { FakeDriver, settled } from './support.ts'

async function begin(tellsFailures = false) {
  const clock = new VirtualClock()
  const driver = new FakeDriver(undefined, tellsFailures)
  const options = resolveConnectOptions({ port: 53, host: '192.0.2.1', idleTimeout: 0 })
  const session = await openSession({ driver }, options, clock)
  const write = async (): Promise<void> => {
    session.write(new Uint8Array(1))
    await settled()
  }
  return { clock, driver, session, write }
}

describe('openSession', () => {
  test('takes nothing from a stranger whose datagram came before the socket was connected', async () => {
    const { driver, session } = await begin()
    driver.deliver([new Uint8Array(1), '192.0.2.2', 53])
    driver.deliver([new Uint8Array(2), '192.0.2.1', 54])
    driver.deliver([new Uint8Array(3), '192.0.2.1', 53])
    expect([session.queuedItems, session.queuedBytes]).toEqual([1, 3])
  })

  test('asks for the outcome of each send, so that no refusal goes unseen', async () => {
    const { driver, session, write } = await begin()
    for (let i = 0; i < 20; i++) {
      await write()
      driver.sent[i]?.onSent?.(null)
    }
    expect(driver.sent.every(({ onSent }) => onSent)).toBe(true)
    const cause = Object.assign(new Error('send ECONNREFUSED'), { code: 'ECONNREFUSED' })
    driver.sent[19]?.onSent?.(cause)
    const { error } = await session.closed
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(error?.cause).toBe(cause)
    expect(driver.closed).toBe(1)
  })

  test('outlives any other failure of a send', async () => {
    const { driver, session, write } = await begin()
    await write()
    driver.sent[0]?.onSent?.(Object.assign(new Error('send EPERM'), { code: 'EPERM' }))
    expect(session.status).toBe('open')
  })

  test('close waits for what the kernel has not taken, for a second at most', async () => {
    const { clock, driver, session, write } = await begin()
    driver.queuedBytes = 1
    await write()
    const closed = session.close()
    clock.advance(900)
    await settled()
    expect(driver.closed).toBe(0)
    driver.queuedBytes = 0
    clock.advance(10)
    await closed
    expect(driver.closed).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('abort does not wait', async () => {
    const { driver, session, write } = await begin()
    driver.queuedBytes = 1
    await write()
    session.abort()
    await session.closed
    expect(driver.closed).toBe(1)
  })

  test('ends with the refusal that a driver tells of, and outlives another failure', async () => {
    const { driver, session, write } = await begin(true)
    await write()
    expect(driver.sent[0]?.onSent).toBeUndefined()
    const fail = (code: string): Error => Object.assign(new Error(`send ${code}`), { code })
    const peer = { address: '192.0.2.1', port: 53 }
    driver.events.onSendFailed(peer, 1, fail('EPERM'))
    expect(session.status).toBe('open')
    const cause = fail('ECONNREFUSED')
    driver.events.onSendFailed(peer, 1, cause)
    expect((await session.closed).error).toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_RESET', cause })
  })

  test('hands over what this turn has collected before it closes', async () => {
    const { driver, session } = await begin()
    session.write(new Uint8Array(1))
    await session.close()
    expect(driver.flushed).toBeGreaterThan(0)
  })
})
