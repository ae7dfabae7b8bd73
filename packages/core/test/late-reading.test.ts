import { describe, expect, test } from 'vitest'
import {
  buildClientPipeline,
  type Connection,
  ConnectionClosedError,
  CorruptFrameError,
  definePlugin,
  type MessageConnection,
  pipeline,
  PluginError,
  runClient,
} from '../src/index.ts'
import { collect, connectionPair, joined } from '../src/testing/index.ts'
import { encode, inbound, staged } from './support/plugins.ts'

type Bytes = Uint8Array

/** An asynchronous stage that gives each chunk when it is told to. */
function gated(): { plugin: ReturnType<typeof inbound>; open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const plugin = inbound('gated', async function* (source: AsyncIterable<Bytes>) {
    for await (const chunk of source) {
      await opened
      yield chunk
    }
  })
  return { plugin, open: () => open() }
}

function client(connection: Connection, ...plugins: readonly ReturnType<typeof staged>[]): MessageConnection<Bytes, Bytes> {
  const built = buildClientPipeline((pipeline as (...all: unknown[]) => never)(...plugins))
  return runClient(connection as never, built, { highWaterMark: 65_536, maxPushBytes: 65_536 }) as MessageConnection<Bytes, Bytes>
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Both sides end their output, and the connection is gone. */
async function ended(one: MessageConnection<Bytes, Bytes>, other: Connection): Promise<void> {
  void one.closeWrite()
  other.write(encode('abc'))
  void other.closeWrite()
  await one.closed
  await turns()
}

describe('a connection that has ended cleanly both ways', () => {
  test('is read to its end by who comes late', async () => {
    const [connection, other] = connectionPair()
    const messages = client(connection, staged('pass', () => ({})))
    await ended(messages, other)
    expect(joined(await collect(messages))).toEqual(encode('abc'))
  })

  test('gives what an asynchronous stage had in hand, and then its end and the word of its stages', async () => {
    const [connection, other] = connectionPair()
    const closed: string[] = []
    const { plugin, open } = gated()
    const last = definePlugin({
      name: 'last',
      open: () => ({
        inbound: { push: (chunk: Bytes, emit: (chunk: Bytes) => void) => emit(chunk), end: (emit) => emit(encode('!')) },
        close: () => void closed.push('closed'),
      }),
    })
    const messages = client(connection, plugin, last())
    const reading = collect(messages)
    await ended(messages, other)
    expect(closed).toEqual([])
    open()
    expect(joined(await reading)).toEqual(encode('abc!'))
    expect(closed).toEqual(['closed'])
  })

  test.each(['close', 'abort'] as const)('lets its stages go at %s, where nobody has read it', async (how) => {
    const [connection, other] = connectionPair()
    const closed: string[] = []
    const { plugin } = gated()
    const last = staged('last', () => ({ close: () => void closed.push('closed') }))
    const messages = client(connection, plugin, last)
    await ended(messages, other)
    expect(closed).toEqual([])
    void messages[how]()
    expect(closed).toEqual(['closed'])
    await expect(collect(messages)).rejects.toThrow(ConnectionClosedError)
  })

  test('ends in what an asynchronous stage throws of it', async () => {
    const [connection, other] = connectionPair()
    let fail!: (error: Error) => void
    const failed = new Promise<Bytes>((_, reject) => (fail = reject))
    const failing = inbound('failing', async function* (source: AsyncIterable<Bytes>) {
      for await (const _ of source) yield await failed
    })
    const messages = client(connection, failing)
    const reading = collect(messages).catch((error: unknown) => error)
    await ended(messages, other)
    fail(new RangeError('no'))
    expect(await reading).toBeInstanceOf(PluginError)
  })

  test('ends in a protocol error that an asynchronous stage gives up, behind what came before', async () => {
    const [connection, other] = connectionPair()
    const closed: unknown[] = []
    const { plugin, open } = gated()
    const strict = staged('strict', () => ({
      inbound: {
        push: (chunk, emit) => {
          emit(chunk.subarray(0, 2))
          throw new CorruptFrameError('no c')
        },
      },
      close: () => void closed.push('closed'),
    }))
    const messages = client(connection, plugin, strict)
    const iterator = messages[Symbol.asyncIterator]()
    const first = iterator.next()
    await ended(messages, other)
    open()
    expect((await first).value).toEqual(encode('ab'))
    await expect(iterator.next()).rejects.toMatchObject({ plugin: 'strict', cause: { code: 'MILLRACE_ERR_CORRUPT_FRAME' } })
    expect(closed).toEqual(['closed'])
  })

  test('expands no further while its reader takes nothing, and then all of it', async () => {
    const [connection, other] = connectionPair()
    let made = 0
    const expanding = inbound('expanding', async function* (source: AsyncIterable<Bytes>) {
      for await (const _ of source) for (; made < 1_000; made++) yield new Uint8Array(4_096)
    })
    const messages = client(connection, expanding)
    void messages.closeWrite()
    other.write(encode('abc'))
    void other.closeWrite()
    await turns()
    // A high-water mark of 64 KiB, and the one in hand.
    expect(made).toBeLessThan(20)
    expect(joined(await collect(messages)).length).toBe(1_000 * 4_096)
  })

  test('gives nothing more to who has closed it', async () => {
    const [connection, other] = connectionPair()
    const { plugin, open } = gated()
    const messages = client(connection, plugin)
    const reading = collect(messages).catch((error: unknown) => error)
    other.write(encode('abc'))
    await turns()
    void messages.close()
    void other.close()
    await messages.closed
    open()
    expect(await reading).toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_CLOSED' })
  })
})
