import { afterEach, describe, expect, test } from 'vitest'
import {
  BaseConnection,
  CONNECTION_OPTIONS,
  type ConnectionLimits,
  IdleTimeoutError,
  resolveOptions,
  WriteTimeoutError,
} from '../src/index.ts'
import { VirtualClock } from '../src/testing/index.ts'
import { FakeDriver } from './support/fake-driver.ts'
import { encode } from './support/plugins.ts'

const address = { address: 'memory', port: 1, family: 'memory' } as const
let made: BaseConnection | undefined

interface Made {
  readonly connection: BaseConnection
  readonly driver: FakeDriver
  readonly clock: VirtualClock
}

function makeConnection(limits: Partial<ConnectionLimits>): Made {
  const clock = new VirtualClock()
  const driver = new FakeDriver()
  const connection = new BaseConnection({
    transport: 'memory',
    localAddress: address,
    remoteAddress: address,
    limits: resolveOptions('connection', CONNECTION_OPTIONS, { idleTimeout: 0, writeTimeout: 0, ...limits }),
    clock,
    createDriver: () => driver,
  })
  made = connection
  return { connection, driver, clock }
}

/** Writes, and has it handed to the driver. */
function flush(connection: BaseConnection, chunk: Uint8Array): void {
  connection.batch(() => void connection.write(chunk))
}

afterEach(() => made?.onClosed())

describe('idleTimeout', () => {
  test('closes a connection when no byte has gone either way for so long', async () => {
    const { connection, driver, clock } = makeConnection({ idleTimeout: 1000 })
    clock.advance(999)
    expect(connection.status).toBe('open')
    clock.advance(1)
    expect(driver.calls).toContain('close')
    connection.onClosed()
    const { error, initiator } = await connection.closed
    expect(error).toBeInstanceOf(IdleTimeoutError)
    expect([error, initiator]).toMatchObject([{ timeout: 1000 }, 'local'])
  })

  test('begins anew with each byte that comes or goes', () => {
    const { connection, clock } = makeConnection({ idleTimeout: 1000 })
    clock.advance(900)
    connection.onData(encode('x'))
    clock.advance(900)
    flush(connection, encode('x'))
    clock.advance(999)
    expect(connection.status).toBe('open')
    clock.advance(1)
    expect(connection.status).toBe('closing')
  })

  test('is off at 0', () => {
    const { connection, clock } = makeConnection({})
    expect(clock.pending).toBe(0)
    clock.advance(2 ** 31)
    expect(connection.status).toBe('open')
  })

  test('leaves no timer when the connection is gone', () => {
    const { connection, clock } = makeConnection({ idleTimeout: 1000, writeTimeout: 1000 })
    connection.onClosed()
    expect(clock.pending).toBe(0)
  })
})

describe('writeTimeout', () => {
  test('resets a connection whose peer takes nothing of what was written for so long', async () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000 })
    driver.takes = false
    flush(connection, new Uint8Array(100))
    clock.advance(999)
    expect(connection.status).toBe('open')
    clock.advance(101)
    expect(driver.calls).toContain('reset')
    connection.onClosed()
    expect((await connection.closed).error).toBeInstanceOf(WriteTimeoutError)
  })

  test('begins anew with each byte that the peer takes', () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000 })
    driver.takes = false
    flush(connection, new Uint8Array(100))
    for (let i = 0; i < 5; i++) {
      clock.advance(800)
      driver.pendingBytes -= 1
    }
    expect(connection.status).toBe('open')
    clock.advance(1200)
    expect(connection.status).toBe('closing')
  })

  test('is not begun anew by writing more', () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000 })
    driver.takes = false
    for (let i = 0; i < 12; i++) {
      flush(connection, new Uint8Array(10))
      clock.advance(100)
    }
    expect(connection.status).toBe('closing')
  })

  test('ends with the last byte that was taken', () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000 })
    driver.takes = false
    flush(connection, new Uint8Array(100))
    clock.advance(500)
    driver.pendingBytes = 0
    connection.onDrain()
    clock.advance(10_000)
    expect(connection.status).toBe('open')
    expect(clock.pending).toBe(0)
  })

  test('counts a peer that takes what was written as active', () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000, idleTimeout: 1000 })
    driver.takes = false
    flush(connection, new Uint8Array(100))
    for (let i = 0; i < 5; i++) {
      clock.advance(800)
      driver.pendingBytes -= 1
    }
    expect(connection.status).toBe('open')
  })
})

describe('last words', () => {
  test('that the peer takes nothing of for writeTimeout end in a reset, and the connection keeps its first error', async () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000, idleTimeout: 500 })
    driver.takes = false
    flush(connection, new Uint8Array(100))
    clock.advance(500)
    expect(driver.calls).toEqual(['close'])
    clock.advance(600)
    expect(driver.calls).toEqual(['close', 'reset'])
    expect(clock.pending).toBe(0)
    connection.onClosed()
    expect((await connection.closed).error).toBeInstanceOf(IdleTimeoutError)
  })

  test('are waited for as long as the peer takes some of them', () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000 })
    driver.takes = false
    flush(connection, new Uint8Array(100))
    connection.closeWith(new Error('a broken rule'))
    for (let i = 0; i < 5; i++) {
      clock.advance(800)
      driver.pendingBytes -= 1
    }
    expect(driver.calls).toEqual(['close'])
    driver.pendingBytes = 0
    clock.advance(10_000)
    expect(driver.calls).toEqual(['close'])
    expect(clock.pending).toBe(0)
  })

  test('are bounded by idleTimeout where there is no writeTimeout', () => {
    const { connection, driver, clock } = makeConnection({ idleTimeout: 1000 })
    driver.takes = false
    flush(connection, new Uint8Array(100))
    clock.advance(1000)
    expect(driver.calls).toEqual(['close'])
    clock.advance(1000)
    expect(driver.calls).toEqual(['close', 'reset'])
  })

  test('include an end that has to wait for room', async () => {
    const { connection, driver, clock } = makeConnection({ writeTimeout: 1000 })
    driver.close = () => {
      driver.calls.push('close')
      driver.pendingBytes = 1
    }
    void connection.close()
    clock.advance(1100)
    expect(driver.calls).toEqual(['close', 'reset'])
    connection.onClosed()
    expect((await connection.closed).error).toBeInstanceOf(WriteTimeoutError)
  })

  test('are cut short by abort, which changes nothing about the error', async () => {
    const { connection, driver } = makeConnection({})
    driver.takes = false
    flush(connection, new Uint8Array(100))
    const error = new Error('a broken rule')
    connection.closeWith(error)
    connection.abort(new Error('enough'))
    expect(driver.calls).toEqual(['close', 'reset'])
    connection.onClosed()
    expect((await connection.closed).error).toBe(error)
  })
})
