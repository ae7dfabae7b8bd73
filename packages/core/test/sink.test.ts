import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import {
  ConnectionClosedError,
  definePlugin,
  InvalidOptionError,
  type MessageConnection,
  pipeline,
} from '../src/index.ts'
import { buildClientPipeline, runClient } from '../src/pipeline/run-client.ts'
import { collect, connectionPair } from '../src/testing/index.ts'
import { encode, textOf } from './support/plugins.ts'

type Bytes = Uint8Array

describe('sink', () => {
  test('aborts the connection for an item that is no Uint8Array, and lets its source go', async () => {
    const [local, remote] = connectionPair()
    const released = vi.fn()
    const source = (function* () {
      try {
        yield 'text' as never
      } finally {
        released()
      }
    })()
    await expect(local.sink(source)).rejects.toBeInstanceOf(InvalidOptionError)
    expect((await local.closed).error).toBeInstanceOf(InvalidOptionError)
    expect(released).toHaveBeenCalledOnce()
    await remote.close()
  })

  test('rejects for what is no source', async () => {
    const [local, remote] = connectionPair()
    await expect(local.sink(5 as never)).rejects.toBeInstanceOf(TypeError)
    expect((await local.closed).error).toBeInstanceOf(TypeError)
    await remote.close()
  })

  test('rejects with ConnectionClosedError where someone else half-closes; the connection lives on', async () => {
    const [local, remote] = connectionPair()
    const source = async function* (): AsyncGenerator<Bytes> {
      yield encode('a')
      await local.closeWrite()
      yield encode('b')
    }
    await expect(local.sink(source())).rejects.toBeInstanceOf(ConnectionClosedError)
    expect(textOf(await collect(remote))).toBe('a')
    expect(local.status).toBe('half-closed-local')
    local.abort()
    await remote.close()
  })

  test('asks a source that has ended, or thrown, no further', async () => {
    const [local, remote] = connectionPair()
    const calls: string[] = []
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          calls.push('next')
          if (calls.length > 1) return Promise.reject(new RangeError('no'))
          return Promise.resolve({ done: false, value: encode('a') } as const)
        },
        return: () => {
          calls.push('return')
          return Promise.resolve({ done: true, value: undefined } as const)
        },
      }),
    }
    await expect(local.sink(source)).rejects.toBeInstanceOf(RangeError)
    expect(calls).toEqual(['next', 'next'])
    await remote.close()
  })

  test('leaves no listener on the signal of its connection, however many items there were', async () => {
    const [local, remote] = connectionPair()
    const { signal } = local
    const sunk = local.sink(Array.from({ length: 1000 }, () => encode('x')))
    expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1)
    expect((await collect(remote)).reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(1000)
    await sunk
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    local.abort()
    remote.abort()
  })
})

test('drain of messages rejects with the error of the connection also where a stage was behind', async () => {
  const stuck = definePlugin({
    name: 'stuck',
    open: () => ({
      outbound: async function* (source: AsyncIterable<Bytes>) {
        for await (const chunk of source) {
          await new Promise(() => {})
          yield chunk
        }
      },
    }),
  })
  const [connection, remote] = connectionPair()
  const built = buildClientPipeline(pipeline(stuck()))
  const options = { highWaterMark: 1024, maxPushBytes: 2 ** 20 }
  const messages = runClient(connection, built, options) as MessageConnection<Bytes, Bytes>
  await Promise.resolve()
  for (let i = 0; i < 3; i++) messages.write(new Uint8Array(1024))
  const reason = new RangeError('enough')
  const before = messages.drain()
  messages.abort(reason)
  await expect(before).rejects.toBe(reason)
  await expect(messages.drain()).rejects.toBe(reason)
  await remote.close()
})
