import { describe, expect, test } from 'vitest'
import {
  buildClientPipeline,
  CLOCK,
  CorruptFrameError,
  createContainer,
  definePlugin,
  inBatches,
  type MessageConnection,
  pipeline,
  PluginError,
  runClient,
} from '../src/index.ts'
import { collect, connectionPair, joined, VirtualClock } from '../src/testing/index.ts'
import { decode, encode } from './support/plugins.ts'

type Bytes = Uint8Array

/** Letters one by one, but no `?`. */
const letters = definePlugin<Bytes, string, string, Bytes, Record<never, never>, Record<never, never>, 'message'>({
  name: 'letters',
  produces: 'message',
  open: () => ({
    inbound: {
      push: (chunk, emit) => {
        for (const letter of decode(chunk)) {
          if (letter === '?') throw new CorruptFrameError('a question')
          emit(letter)
        }
      },
    },
    outbound: { push: (letter, emit) => emit(encode(letter)) },
  }),
})

interface Ends {
  readonly client: MessageConnection<string, string>
  /** All that comes to the other end, which must see no reset. */
  readonly got: Promise<string>
  readonly clock: VirtualClock
  /** The other end sends it, and it has come. */
  send(text: string): Promise<void>
}

function connect(): Ends {
  const [connection, other] = connectionPair()
  const clock = new VirtualClock()
  const container = createContainer()
  container.register(CLOCK, { useValue: clock })
  const limits = { highWaterMark: 65_536, maxPushBytes: 65_536, container }
  const client = runClient(connection, buildClientPipeline(pipeline(letters())), limits) as MessageConnection<string, string>
  const send = async (text: string): Promise<void> => {
    other.write(encode(text))
    for (let i = 0; i < 5; i++) await turn()
  }
  const got = collect(other).then((chunks) => decode(joined(chunks)))
  const leave = (): void => void other.close()
  got.then(leave, leave)
  return { client, got, clock, send }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a client whose peer breaks the protocol', () => {
  test.each([['ab?c', ['a', 'b']], ['a?', ['a']], ['?', []]])('gets all that came before by its source, may answer it, and its last word goes out: %s', async (text, good) => {
    const { client, got, send } = connect()
    const seen: unknown[] = []
    const reading = (async () => {
      try {
        for await (const letter of client) {
          seen.push(letter)
          await turn()
          await turn()
          client.write(letter.toUpperCase())
        }
      } catch (error) {
        seen.push(error)
        client.write('!')
      }
    })()
    await send(text)
    await reading
    const { error } = await client.closed
    expect(error).toBeInstanceOf(PluginError)
    expect(seen).toEqual([...good, error])
    expect(await got).toBe(`${good.join('').toUpperCase()}!`)
  })

  test('gets it by data$, and may answer in its error callback', async () => {
    const { client, got, send } = connect()
    const seen: unknown[] = []
    client.data$.subscribe({
      next: (letter) => client.write(letter.toUpperCase()),
      error: (error) => {
        seen.push(error)
        client.write('!')
      },
    })
    await send('ab?c')
    const { error } = await client.closed
    expect(seen).toEqual([error])
    expect(await got).toBe('AB!')
  })

  test('gets it late, when the connection has gone, where nobody was reading', async () => {
    const { client, got, send } = connect()
    await send('ab?c')
    const { error } = await client.closed
    const seen: string[] = []
    const reading = (async () => {
      for await (const letter of client) seen.push(letter)
    })()
    await expect(reading).rejects.toBe(error)
    expect(seen).toEqual(['a', 'b'])
    expect(await got).toBe('')
  })

  test('takes thirty seconds over it at most', async () => {
    const { client, got, clock, send } = connect()
    const iterator = client[Symbol.asyncIterator]()
    const first = iterator.next()
    await send('ab?c')
    expect(await first).toEqual({ done: false, value: 'a' })
    client.write('A')
    clock.advance(29_999)
    expect(client.status).toBe('open')
    clock.advance(1)
    const { error } = await client.closed
    expect(client.write('B')).toBe(false)
    expect(await iterator.next()).toEqual({ done: false, value: 'b' })
    await expect(iterator.next()).rejects.toBe(error)
    expect(await got).toBe('A')
    expect(clock.pending).toBe(0)
  })

  test('is told of a reset that comes first in the place of it', async () => {
    const { client, send } = connect()
    const iterator = client[Symbol.asyncIterator]()
    const first = iterator.next()
    await send('ab?c')
    await first
    client.abort(new RangeError('enough'))
    const { error } = await client.closed
    expect(error).toBeInstanceOf(RangeError)
    // What an abort leaves is as it was: what has come can be read, and then its reason.
    await iterator.next()
    await expect(iterator.next()).rejects.toBe(error)
  })

  test('fails in its sink as it does in its source', async () => {
    const { client, send } = connect()
    const sunk = client.sink((async function* () {
      await new Promise(() => {})
      yield ''
    })())
    await send('?')
    const { error } = await client.closed
    await expect(sunk).rejects.toBe(error)
  })
})

describe('a plugin as an operator', () => {
  const slow = definePlugin<string, string, string, string, Record<never, never>, Record<never, never>, 'message'>({
    name: 'slow',
    accepts: 'message',
    produces: 'message',
    open: () => ({
      inbound: inBatches<string, string>(async function* (batches) {
        for await (const batch of batches) {
          await turn()
          yield batch
        }
      }),
    }),
  })

  test('gives all that came before a protocol error, and then that very error', async () => {
    const [connection, other] = connectionPair()
    const seen: unknown[] = []
    const told = new Promise<void>((resolve) => {
      connection.data$.pipe(letters().operator, slow().operator).subscribe({
        next: (letter) => seen.push(letter),
        error: (error) => resolve(void seen.push(error)),
      })
    })
    other.write(encode('ab?c'))
    await told
    const { error } = await connection.closed
    expect(seen).toEqual(['a', 'b', error])
    expect(error).toMatchObject({ plugin: 'letters', phase: 'push' })
  })

  test('as a transform, too', async () => {
    const [connection, other] = connectionPair()
    const seen: unknown[] = []
    other.write(encode('ab?c'))
    const reading = (async () => {
      for await (const letter of slow().transform(letters().transform(connection))) seen.push(letter)
    })()
    await expect(reading).rejects.toMatchObject({ plugin: 'letters', phase: 'push' })
    expect(seen).toEqual(['a', 'b'])
  })
})
