import { describe, expect, test } from 'vitest'
import { BaseConnection } from '../src/connection/base-connection.ts'
import type { Driver, DriverEvents } from '../src/connection/driver.ts'
import { IdleTimeoutError, WriteTimeoutError } from '../src/errors/connection-errors.ts'
import { VirtualClock } from '../src/testing/virtual-clock.ts'

const address = { address: '127.0.0.1', port: 1, family: 'IPv4' } as const
const chunk = new Uint8Array(64)

interface Setup {
  readonly connection: BaseConnection
  readonly clock: VirtualClock
}

/** A connection whose driver keeps what it is given: nobody takes it. */
function setUp(timeouts: { idleTimeout?: number; writeTimeout?: number }): Setup {
  const clock = new VirtualClock()
  const limits = { highWaterMark: 1024, maxWriteBuffer: 4096, idleTimeout: 0, writeTimeout: 0, ...timeouts }
  const createDriver = (events: DriverEvents): Driver => ({
    pendingBytes: 1,
    resume() {},
    pause() {},
    write() {},
    endWrite() {},
    close: () => events.onClosed(),
    reset: () => events.onClosed(),
  })
  const init = { transport: 'tcp', localAddress: address, remoteAddress: address, limits, clock, createDriver } as const
  return { connection: new BaseConnection(init), clock }
}

describe('the activity watch of a connection', () => {
  test('fails a write that the peer does not take', () => {
    const { connection, clock } = setUp({ writeTimeout: 1_000 })
    connection.write(chunk)
    clock.advance(1_100)
    expect(connection.signal.reason).toBeInstanceOf(WriteTimeoutError)
  })

  test('fails an answer, written while its question is given out, that the peer does not take', () => {
    const { connection, clock } = setUp({ writeTimeout: 1_000 })
    connection.data$.subscribe({ next: (item) => void connection.write(item), error() {} })
    connection.onData(chunk)
    clock.advance(1_100)
    expect(connection.signal.reason).toBeInstanceOf(WriteTimeoutError)
  })

  test.each([
    ['what arrives', (connection: BaseConnection) => connection.onData(chunk)],
    ['what is written', (connection: BaseConnection) => connection.write(chunk)],
    ['what is written in a batch', (connection: BaseConnection) => connection.batch(() => void connection.write(chunk))],
  ])('counts %s as activity', (_, act) => {
    const { connection, clock } = setUp({ idleTimeout: 10_000 })
    connection.data$.subscribe({ error() {} })
    clock.advance(9_000)
    act(connection)
    expect(connection.lastActivity).toBe(clock.now())
    clock.advance(9_000)
    expect(connection.status).toBe('open')
    clock.advance(1_000)
    expect(connection.signal.reason).toBeInstanceOf(IdleTimeoutError)
  })

  test('counts a write after one that was given out as activity of its own', () => {
    const { connection, clock } = setUp({ idleTimeout: 10_000 })
    connection.data$.subscribe({ error() {} })
    connection.onData(chunk)
    clock.advance(5_000)
    connection.write(chunk)
    expect(connection.lastActivity).toBe(clock.now())
  })
})
