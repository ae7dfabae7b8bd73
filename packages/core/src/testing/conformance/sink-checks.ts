import assert from 'node:assert/strict'
import { ConnectionBusyError, ConnectionClosedError } from '../../errors/connection-errors.ts'
import { collect, joined } from '../splits.ts'
import { type Check, failure, follow, pattern, read, sameBytes } from './check.ts'

interface IdleSource {
  readonly source: AsyncIterable<Uint8Array>
  readonly released: Promise<void>
}

/** A source that gives these items and then nothing more, until it is released. */
function idle(...items: readonly Uint8Array[]): IdleSource {
  const rest = [...items]
  let release!: () => void
  const released = new Promise<void>((resolve) => (release = resolve))
  const source = {
    [Symbol.asyncIterator]: (): AsyncIterator<Uint8Array> => ({
      next: () => {
        const value = rest.shift()
        return value ? Promise.resolve({ done: false, value }) : new Promise(() => {})
      },
      return: () => {
        release()
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  return { source, released }
}

/** What `sink` promises. */
export const sinkChecks: readonly Check[] = [
  {
    promise: 'sink writes all of an iterable or an async iterable, then half-closes',
    only: 'stream',
    run: async ({ local, remote }) => {
      const received = collect(remote)
      await local.sink([pattern(10, 1), pattern(20, 2)])
      sameBytes(joined(await received), joined([pattern(10, 1), pattern(20, 2)]))
      assert.equal(local.status, 'half-closed-local')
      const back = collect(local)
      await remote.sink(
        (async function* () {
          yield pattern(5)
        })(),
      )
      sameBytes(joined(await back), pattern(5))
    },
  },
  {
    promise: 'sink writes each item of its source and leaves the connection open',
    only: 'datagram',
    run: async ({ local, remote }) => {
      await local.sink([pattern(10)])
      sameBytes(await read(remote, 10), pattern(10))
      assert.equal(local.status, 'open')
      await local.sink([pattern(20)])
      sameBytes(await read(remote, 20), pattern(20))
    },
  },
  {
    promise: 'sink works unbound',
    run: async ({ local, remote }) => {
      const { sink } = local
      await sink([pattern(10)])
      sameBytes(await read(remote, 10), pattern(10))
    },
  },
  {
    promise: 'a second sink is refused with ConnectionBusyError, and the first goes on',
    run: async ({ local, remote }) => {
      const { source } = idle(pattern(10))
      const first = local.sink(source)
      await failure(local.sink([pattern(99)]), ConnectionBusyError)
      sameBytes(await read(remote, 10), pattern(10))
      const reason = new RangeError('enough')
      local.abort(reason)
      await assert.rejects(first, reason)
    },
  },
  {
    promise: 'a source that throws aborts the connection with that very error',
    run: async ({ local }) => {
      const reason = new RangeError('the source')
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield pattern(10)
        throw reason
      }
      assert.equal(await failure(local.sink(source()), RangeError), reason)
      assert.equal((await local.closed).error, reason)
    },
  },
  {
    promise: 'a rejection of sink that nobody looks at is no unhandled rejection',
    run: async ({ local }) => {
      const unhandled: unknown[] = []
      const note = (error: unknown): void => void unhandled.push(error)
      process.on('unhandledRejection', note)
      try {
        const failing: Iterable<Uint8Array> = { [Symbol.iterator]: () => { throw new RangeError('the source') } }
        void local.sink(failing)
        void local.sink([])
        await local.closed
        await new Promise((resolve) => setImmediate(resolve))
        assert.deepEqual(unhandled, [])
      } finally {
        process.off('unhandledRejection', note)
      }
    },
  },
  {
    promise: 'an abort ends a sink whose source is idle, and releases that source',
    run: async ({ local }) => {
      const { source, released } = idle(pattern(10))
      const sunk = local.sink(source)
      const reason = new RangeError('enough')
      local.abort(reason)
      assert.equal(await failure(sunk, RangeError), reason)
      await released
    },
  },
  {
    promise: 'a close ends a sink whose source is idle with ConnectionClosedError',
    run: async ({ local, remote }) => {
      follow(remote)
      const { source, released } = idle(pattern(10))
      const sunk = local.sink(source)
      void local.close()
      await failure(sunk, ConnectionClosedError)
      await released
      assert.equal((await local.closed).error, undefined)
    },
  },
]
