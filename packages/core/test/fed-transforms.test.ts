import { describe, expect, test } from 'vitest'
import { pipe } from 'it-pipe'
import {
  BaseConnection,
  CONNECTION_OPTIONS,
  ConnectionBusyError,
  ConnectionClosedError,
  type ConnectionLimits,
  ConnectionResetError,
  CorruptFrameError,
  PluginError,
  resolveOptions,
  type Stage,
  systemClock,
} from '../src/index.ts'
import { chunksOf, collect, connectionPair } from '../src/testing/index.ts'
import { FakeDriver } from './support/fake-driver.ts'
import { decode, encode, inbound, staged, tag, textOf } from './support/plugins.ts'

type Bytes = Uint8Array
const KIB = 1024
const address = { address: 'memory', port: 1, family: 'memory' } as const

interface Faked {
  readonly connection: BaseConnection
  readonly driver: FakeDriver
  readonly written: () => Bytes[]
}

function fake(limits: Partial<ConnectionLimits> & { readonly datagram?: boolean } = {}): Faked {
  const { datagram = false, ...rest } = limits
  const driver = new FakeDriver()
  const connection = new BaseConnection({
    transport: 'memory',
    datagram,
    localAddress: address,
    remoteAddress: address,
    limits: resolveOptions('connection', CONNECTION_OPTIONS, { idleTimeout: 0, writeTimeout: 0, ...rest }),
    clock: systemClock,
    createDriver: () => driver,
  })
  return { connection, driver, written: () => driver.writes.flat() }
}

const splitting: Stage<Bytes, Bytes> = { push: (chunk, emit) => chunksOf(chunk, 1).forEach((piece) => emit(piece)) }
const passing = inbound('passing', { push: (chunk, emit) => emit(chunk) })
const gone = (connection: BaseConnection): void => {
  connection.abort()
  connection.onClosed()
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a connection piped into itself', () => {
  test('answers a read in the call in which it comes, by one write', () => {
    const { connection, driver } = fake()
    void pipe(connection, connection)
    connection.onData(encode('hello'))
    expect(driver.writes.map(textOf)).toEqual(['hello'])
    gone(connection)
  })

  test('and so it does by way of any number of transforms, however much they split', () => {
    const { connection, driver } = fake()
    const split = inbound('splitting', splitting)
    void pipe(connection, split.transform, tag('a').transform, tag('b').transform, connection)
    connection.onData(encode('xyz'))
    connection.onData(encode('.'))
    expect(driver.writes.map(textOf)).toEqual(['xabyabzab', '.ab'])
    gone(connection)
  })

  test('ends with the last word of each transform, and half-closes once', async () => {
    const { connection, driver, written } = fake()
    const sunk = pipe(connection, tag('a').transform, tag('b').transform, connection)
    connection.onData(encode('x'))
    connection.onEnd()
    await settled()
    expect(textOf(written())).toBe('xabAbB')
    expect(driver.calls.filter((call) => call === 'close' || call === 'endWrite')).toEqual(['close'])
    connection.onClosed()
    await expect(sunk).resolves.toBeUndefined()
  })

  test('of a datagram connection keeps the bounds of datagrams', () => {
    const { connection, driver } = fake({ datagram: true })
    const counting = staged('counting', () => {
      let bytes = 0
      return {
        inbound: {
          push: (chunk) => void (bytes += chunk.byteLength),
          endOfDatagram: (emit) => {
            emit(encode(String(bytes)))
            bytes = 0
          },
        },
      }
    })
    void pipe(connection, counting.transform, connection)
    for (const length of [3, 0, 5]) connection.onData(new Uint8Array(length))
    expect(driver.writes.map((chunks) => chunks.map((chunk) => decode(chunk)))).toEqual([['3'], ['0'], ['5']])
    gone(connection)
  })

  test('of a datagram connection drops the rest of a bad datagram, and goes on', () => {
    const { connection, written } = fake({ datagram: true })
    const strict = inbound('strict', {
      push: (chunk, emit) => {
        if (chunk[0] === 0) throw new CorruptFrameError('no')
        emit(chunk)
      },
    })
    void pipe(connection, strict.transform, connection)
    for (const first of [1, 0, 2]) connection.onData(Uint8Array.of(first))
    expect(written()).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    expect(connection.status).toBe('open')
    gone(connection)
  })
})

describe('a fast source and a slow sink', () => {
  test('stop the reading at the high-water mark, give on all of it when there is room, and hold no more than one read', async () => {
    const { connection, driver, written } = fake({ highWaterMark: 4 * KIB })
    const split = inbound('splitting', { push: (chunk, emit) => chunksOf(chunk, KIB).forEach((piece) => emit(piece)) })
    void pipe(connection, split.transform, passing.transform, connection)
    driver.takes = false
    connection.onData(new Uint8Array(16 * KIB).fill(0x61))
    expect(connection.bytesWritten).toBe(4 * KIB)
    expect(driver.calls.at(-1)).toBe('pause')
    for (let taken = 4; taken <= 16; taken += 4) {
      expect(connection.bytesWritten).toBe(taken * KIB)
      driver.pendingBytes = 0
      connection.onDrain()
      await settled()
    }
    expect(connection.bytesWritten).toBe(16 * KIB)
    expect(driver.calls.at(-1)).toBe('resume')
    connection.onData(encode('b'))
    await settled()
    expect(decode(...written())).toBe(`${'a'.repeat(16 * KIB)}b`)
    gone(connection)
  })

  test('pull a source of others no further than the sink takes', async () => {
    const { connection, driver } = fake({ highWaterMark: 4 * KIB })
    driver.takes = false
    let pulled = 0
    let released = false
    const endless = async function* (): AsyncGenerator<Bytes> {
      try {
        for (;;) {
          pulled++
          yield new Uint8Array(KIB)
        }
      } finally {
        released = true
      }
    }
    const sunk = pipe(endless, passing.transform, connection)
    await settled()
    expect(pulled).toBe(4)
    driver.pendingBytes = 0
    connection.onDrain()
    await settled()
    expect(pulled).toBe(8)
    gone(connection)
    await expect(sunk).rejects.toBeInstanceOf(Error)
    await settled()
    expect(released).toBe(true)
  })
})

describe('what is lent', () => {
  const lending = inbound('lending', { ...splitting, borrows: true })
  const keeping = inbound('keeping', { push: (chunk, emit) => emit(chunk) })
  const waiting = inbound('waiting', async function* (source) {
    yield* source
  })

  /** Reads as a driver does that lends: what it gave is overwritten as soon as nothing of it waits. */
  function lend({ connection, driver }: Faked, text: string): string {
    const chunk = encode(text)
    const from = driver.writes.length
    connection.onData(chunk)
    const sent = textOf(driver.writes.slice(from).flat())
    if (connection.borrows && !connection.holdsInput) chunk.fill(0xdb)
    return sent
  }

  test('is what a connection reads that is piped into itself, by way of stages that keep nothing', () => {
    const direct = fake()
    const through = fake()
    void pipe(direct.connection, direct.connection)
    void pipe(through.connection, lending.transform, lending.transform, through.connection)
    for (const { connection } of [direct, through]) expect(connection.borrows).toBe(true)
    expect(lend(direct, 'abc') + lend(through, 'def')).toBe('abcdef')
    for (const { connection } of [direct, through]) gone(connection)
  })

  test.each([['a stage that keeps', keeping], ['an asynchronous stage', waiting]])(
    'is nothing by way of %s, wherever it stands',
    (_, plugin) => {
      for (const chain of [[plugin, lending], [lending, plugin]] as const) {
        const { connection } = fake()
        void pipe(connection, chain[0].transform, chain[1].transform, connection)
        expect(connection.borrows).toBe(false)
        gone(connection)
      }
    },
  )

  test('is nothing where it is another connection that writes, or who reads is not ours', async () => {
    const [{ connection }, { connection: other }] = [fake(), fake()]
    void pipe(connection, lending.transform, other)
    expect(connection.borrows).toBe(false)
    const [pulled, observed] = [fake().connection, fake().connection]
    const pending = pulled.source[Symbol.asyncIterator]().next()
    observed.data$.subscribe()
    expect([pulled.borrows, observed.borrows]).toEqual([false, false])
    for (const one of [connection, other, pulled, observed]) gone(one)
    await expect(pending).rejects.toBeInstanceOf(Error)
  })

  test('is copied where it has to wait in a transform', async () => {
    const faked = fake({ highWaterMark: 2 })
    const { connection, driver } = faked
    void pipe(connection, lending.transform, lending.transform, connection)
    driver.takes = false
    const chunk = encode('abcdef')
    connection.onData(chunk)
    let sent = textOf(driver.writes.flat())
    expect(sent).toBe('ab')
    chunk.fill(0xdb)
    while (sent.length < 6) {
      const from = driver.writes.length
      driver.pendingBytes = 0
      connection.onDrain()
      await settled()
      sent += textOf(driver.writes.slice(from).flat())
    }
    expect(sent).toBe('abcdef')
    gone(connection)
  })

  test('is the own of the next reader, where a sink has left some', async () => {
    const { connection, driver } = fake({ highWaterMark: 2 })
    const sunk = connection.sink(connection)
    driver.takes = false
    const chunks = [encode('ab'), encode('cd')]
    for (const chunk of chunks) connection.onData(chunk)
    expect([connection.queuedItems, connection.holdsInput]).toEqual([1, true])
    void connection.closeWrite()
    driver.pendingBytes = 0
    connection.onDrain()
    await expect(sunk).rejects.toBeInstanceOf(ConnectionClosedError)
    expect(connection.borrows).toBe(false)
    for (const chunk of chunks) chunk.fill(0xdb)
    const iterator = connection[Symbol.asyncIterator]()
    expect(textOf([(await iterator.next()).value as Bytes])).toBe('cd')
    gone(connection)
  })
})

describe('a failure', () => {
  test('of a stage ends the connection with the one error, after what came out before it', async () => {
    const { connection, written } = fake()
    let closed = 0
    const boom = staged('boom', () => ({
      inbound: {
        push: (chunk, emit) => {
          emit(chunk)
          throw new RangeError('no')
        },
      },
      close: () => void closed++,
    }))
    const sunk = pipe(connection, boom.transform, tag('a').transform, connection)
    connection.onData(encode('x'))
    connection.onData(encode('y'))
    const error: unknown = await sunk.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ plugin: 'boom', cause: expect.any(RangeError) })
    connection.onClosed()
    expect((await connection.closed).error).toBe(error)
    expect(written().length).toBeLessThanOrEqual(1)
    expect(closed).toBe(1)
  })

  test('of the connection is what the sink rejects with, and lets the plugins go', async () => {
    const { connection } = fake()
    const { connection: other } = fake()
    let closed = 0
    const closing = staged('closing', () => ({ close: () => void closed++ }))
    const reason = new ConnectionResetError()
    const sunk = pipe(connection, closing.transform, other)
    connection.onError(reason)
    await expect(sunk).rejects.toBe(reason)
    other.onClosed()
    expect((await other.closed).error).toBe(reason)
    expect(closed).toBe(1)
    connection.onClosed()
  })

  test('of the target releases the source, whose next reader goes on', async () => {
    const [local, remote] = connectionPair()
    const { connection: target } = fake()
    const sunk = pipe(local, tag('a').transform, target)
    target.onError(new ConnectionResetError())
    target.onClosed()
    await expect(sunk).rejects.toBeInstanceOf(ConnectionResetError)
    remote.write(encode('on'))
    await remote.closeWrite()
    expect(textOf(await collect(local))).toBe('on')
    await local.close()
  })

  test('to open is thrown where the transform is sunk, as the PluginError it is', async () => {
    const { connection } = fake()
    const closed = staged('closed', () => {
      throw new RangeError('no')
    })
    await expect(pipe(connection, closed.transform, connection)).rejects.toBeInstanceOf(PluginError)
    connection.onClosed()
    expect((await connection.closed).error).toBeInstanceOf(PluginError)
  })

  test('to claim the source, which has a reader, is the failure of the sink', async () => {
    const { connection } = fake()
    const { connection: other } = fake()
    connection.data$.subscribe()
    await expect(pipe(connection, tag('a').transform, other)).rejects.toBeInstanceOf(ConnectionBusyError)
    other.onClosed()
    gone(connection)
  })
})

describe('a transform', () => {
  test('that somebody has begun to pull is sunk from where it is', async () => {
    const [local, remote] = connectionPair()
    const output = inbound('splitting', splitting).transform([encode('abc'), encode('de')])
    expect(await output.next()).toEqual({ done: false, value: encode('a') })
    await local.sink(output)
    expect(textOf(await collect(remote))).toBe('bcde')
    local.abort()
  })

  test('that is sunk is not to be pulled as well, and its return() is the end of the sink', async () => {
    const { connection, driver, written } = fake()
    const output = tag('a').transform(connection)
    const sunk = connection.sink(output)
    connection.onData(encode('x'))
    await expect(output.next()).rejects.toBeInstanceOf(ConnectionBusyError)
    expect(await output.return?.()).toEqual({ done: true, value: undefined })
    connection.onData(encode('y'))
    await settled()
    expect(textOf(written())).toBe('xa')
    expect(driver.calls).toContain('endWrite')
    connection.onWriteEnded()
    await sunk
    gone(connection)
  })

  test('gives what waits in its source without waiting, one source item at a time', async () => {
    const { connection } = fake()
    const pushed: string[] = []
    const noting = inbound('noting', {
      push: (chunk, emit) => {
        pushed.push(decode(chunk))
        splitting.push(chunk, emit)
      },
    })
    const output = tag('t').transform(noting.transform(connection))
    const first = output.next()
    for (const text of ['ab', 'c', 'd']) connection.onData(encode(text))
    expect(textOf([(await first).value as Bytes])).toBe('at')
    expect(pushed).toEqual(['ab'])
    for (const letter of ['b', 'c', 'd']) expect(textOf([(await output.next()).value as Bytes])).toBe(`${letter}t`)
    expect(pushed).toEqual(['ab', 'c', 'd'])
    gone(connection)
    await expect(output.next()).rejects.toBeInstanceOf(Error)
  })

  test('passes on what is no bytes, undefined included', async () => {
    const output = passing.transform(passing.transform(['text', undefined, 0, null] as never))
    expect(await collect(output as AsyncIterable<unknown>)).toEqual(['text', undefined, 0, null])
  })
})
