import { describe, expect, test } from 'vitest'
import {
  BaseConnection,
  BufferOverflowError,
  CONNECTION_OPTIONS,
  ConnectionResetError,
  type ConnectionLimits,
  resolveOptions,
  systemClock,
} from '../src/index.ts'
import { collect, connectionPair } from '../src/testing/index.ts'
import { FakeDriver } from './support/fake-driver.ts'
import { encode } from './support/plugins.ts'

const address = { address: 'memory', port: 1, family: 'memory' } as const

function makeConnection(limits: Partial<ConnectionLimits> = {}): { connection: BaseConnection; driver: FakeDriver } {
  const driver = new FakeDriver()
  const connection = new BaseConnection({
    transport: 'memory',
    localAddress: address,
    remoteAddress: address,
    limits: resolveOptions('connection', CONNECTION_OPTIONS, { idleTimeout: 0, writeTimeout: 0, ...limits }),
    clock: systemClock,
    createDriver: () => driver,
  })
  return { connection, driver }
}

describe('BaseConnection', () => {
  test('fails with BufferOverflowError when more is written than maxWriteBuffer holds', async () => {
    const { connection, driver } = makeConnection({ maxWriteBuffer: 1000 })
    driver.takes = false
    for (let i = 0; i < 10; i++) connection.batch(() => void connection.write(new Uint8Array(100)))
    expect(connection.status).toBe('open')
    expect(connection.write(new Uint8Array(1))).toBe(false)
    expect(driver.calls).toContain('reset')
    connection.onClosed()
    expect((await connection.closed).error).toBeInstanceOf(BufferOverflowError)
  })

  test.each([
    ['secret', 'a string'],
    [4711, 'a number'],
    [{ secret: 4711 }, 'an object'],
    [null, 'null'],
    [undefined, 'undefined'],
  ])('refuses to write %j, and tells its kind and nothing of it', (item, kind) => {
    const { connection } = makeConnection()
    const message = `option "chunk" must be a Uint8Array, not ${kind}`
    expect(() => connection.write(item as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', message }))
    expect(() => connection.write(item as never)).toThrow(expect.objectContaining({ received: kind.replace(/^an? /, '') }))
  })

  test('does not start reading again for its reader while the brake on far too much unsent is on', () => {
    const { connection, driver } = makeConnection({ highWaterMark: 1000 })
    driver.takes = false
    const lease = connection.inbox.claim({ onItem() {}, onEnd() {}, onError() {} })
    connection.inbox.start()
    const write = (bytes: number): void => connection.batch(() => void connection.write(new Uint8Array(bytes)))
    connection.onData(encode('a'))
    write(4000)
    connection.onData(encode('b'))
    write(1000)
    expect(driver.calls.filter((call) => call === 'pause' || call === 'resume')).toEqual(['resume', 'pause'])
    lease.pause()
    lease.resume()
    expect(driver.calls.filter((call) => call === 'resume')).toEqual(['resume'])
    driver.pendingBytes = 0
    connection.onDrain()
    expect(driver.calls.filter((call) => call === 'resume')).toEqual(['resume', 'resume'])
  })

  test('answers one read by one write', () => {
    const { connection, driver } = makeConnection()
    connection.data$.subscribe((chunk) => {
      connection.write(chunk)
      connection.write(encode('!'))
    })
    connection.onData(encode('a'))
    expect(driver.writes).toHaveLength(1)
    connection.abort()
    connection.onClosed()
  })

  test('copies what was written of lent bytes behind the flush, before they are overwritten', async () => {
    const { connection, driver } = makeConnection()
    connection.data$.subscribe((chunk) => {
      connection.write(chunk.subarray(0, 1))
      connection.whenDrained(() => void connection.write(chunk.subarray(1)))
    })
    const lent = encode('lent')
    connection.onData(lent)
    connection.ownInput()
    lent.fill(0)
    await new Promise((resolve) => setImmediate(resolve))
    // The first was with the driver in time, which here has kept it and not sent it.
    expect(Buffer.concat(driver.writes.flat()).toString()).toBe('\0ent')
    connection.abort()
    connection.onClosed()
  })

  test('copies what was written of lent bytes and is held back, as by an upgrade', () => {
    const { connection, driver } = makeConnection()
    let release = (): void => {}
    connection.data$.subscribe((chunk) => {
      release = connection.holdWrites()
      connection.write(chunk)
    })
    const lent = encode('lent')
    connection.onData(lent)
    connection.ownInput()
    lent.fill(0)
    release()
    expect(Buffer.concat(driver.writes.flat()).toString()).toBe('lent')
    connection.abort()
    connection.onClosed()
  })

  test('takes a driver that is gone without a word for a reset', async () => {
    const { connection } = makeConnection()
    connection.onClosed()
    connection.onClosed()
    const { error, initiator } = await connection.closed
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(initiator).toBe('remote')
  })

  test('that fails while it flushes its last bytes is not closed cleanly', async () => {
    const { connection, driver } = makeConnection()
    driver.takes = false
    connection.write(encode('last'))
    const closed = connection.close()
    const broken = new ConnectionResetError(address)
    connection.onError(broken)
    connection.onClosed()
    await closed
    expect(await connection.closed).toEqual({ error: broken, initiator: 'local' })
  })

  test('ignores what its driver still tells after it was closed', async () => {
    const { connection } = makeConnection()
    void connection.close()
    connection.onData(encode('late'))
    connection.onEnd()
    expect(connection.bytesRead).toBe(0)
    expect(connection.status).toBe('closing')
    connection.onClosed()
    connection.onError(new ConnectionResetError())
    expect(await connection.closed).toEqual({ initiator: 'local' })
  })

  test('reads what came in before it broke, then throws', async () => {
    const { connection } = makeConnection()
    const broken = new ConnectionResetError(address)
    const got: Uint8Array[] = []
    connection.onData(encode('a'))
    connection.onError(broken)
    connection.onClosed()
    const reading = (async () => {
      for await (const chunk of connection) got.push(chunk)
    })()
    await expect(reading).rejects.toBe(broken)
    expect(got).toEqual([encode('a')])
  })

  test('is closing by the time its reader is told of a close', () => {
    const { connection } = makeConnection()
    let seen: string | undefined
    connection.data$.subscribe({ error: () => (seen = connection.status) })
    void connection.close()
    expect(seen).toBe('closing')
    connection.onClosed()
  })

  test('tells its owner that it is gone before anyone who awaits closed', async () => {
    const { connection } = makeConnection()
    const notes: string[] = []
    void connection.closed.then(() => notes.push('closed'))
    connection.owner = { onGone: () => void notes.push('owner') }
    connection.abort()
    connection.onClosed()
    await connection.closed
    expect(notes).toEqual(['owner', 'closed'])
  })

  test('is numbered, and shows its transport', () => {
    const [first, second] = connectionPair()
    expect(first.id).toMatch(/^memory-\d+$/)
    expect(first.id).not.toBe(second.id)
    first.abort()
    second.abort()
  })

  test('closes a datagram connection at the end of its input, after the last datagram is read', async () => {
    const [client, server] = connectionPair({ datagram: true })
    client.write(encode('a'))
    await client.close()
    expect(await collect(server)).toEqual([encode('a')])
    expect((await server.closed).error).toBeUndefined()
  })
})
