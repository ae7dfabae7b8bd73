import assert from 'node:assert/strict'
import { ConnectionBusyError } from '../../errors/connection-errors.ts'
import { type Check, failure, pattern, read, readItem, sameBytes } from './check.ts'

/** What `source` promises. */
export const readingChecks: readonly Check[] = [
  {
    promise: 'source gives what the other end writes, in order',
    run: async ({ local, remote }) => {
      const sent = pattern(1000)
      for (const [start, end] of [[0, 100], [100, 500], [500, 1000]]) remote.write(sent.slice(start, end))
      sameBytes(await read(local.source, 1000), sent)
    },
  },
  {
    promise: 'iterating the connection is iterating its source',
    run: async ({ local, remote }) => {
      remote.write(pattern(10))
      sameBytes(await read(local, 10), pattern(10))
    },
  },
  {
    promise: 'the first next() claims it; an iterator alone does not',
    run: async ({ local, remote }) => {
      local.source[Symbol.asyncIterator]()
      remote.write(pattern(10))
      sameBytes(await read(local.source, 10), pattern(10))
    },
  },
  {
    promise: 'a second reader gets ConnectionBusyError at its first next(), and the first goes on',
    run: async ({ local, remote }) => {
      const pending = local.source[Symbol.asyncIterator]().next()
      await failure(local.source[Symbol.asyncIterator]().next(), ConnectionBusyError)
      remote.write(pattern(10))
      sameBytes((await pending).value, pattern(10))
    },
  },
  {
    promise: 'break keeps it open, and the next reader goes on where the last one stopped',
    run: async ({ local, remote }) => {
      const got: number[] = []
      for (let i = 0; i < 5; i++) remote.write(Uint8Array.of(i))
      while (got.length < 5) got.push(...(await readItem(local)))
      assert.deepEqual(got, [0, 1, 2, 3, 4])
      assert.equal(local.status, 'open')
    },
  },
  {
    promise: 'return() settles while a next() is pending, which ends, and nothing is lost',
    run: async ({ local, remote }) => {
      const iterator = local.source[Symbol.asyncIterator]()
      const pending = iterator.next()
      assert.deepEqual(await iterator.return?.(), { done: true, value: undefined })
      assert.deepEqual(await pending, { done: true, value: undefined })
      assert.deepEqual(await iterator.next(), { done: true, value: undefined })
      remote.write(pattern(10))
      sameBytes(await read(local, 10), pattern(10))
    },
  },
  {
    promise: 'unread gives an item back, in front of what is queued',
    run: async ({ local, remote }) => {
      remote.write(Uint8Array.of(3))
      const third = await readItem(local)
      local.unread(third)
      local.unread(Uint8Array.of(2))
      local.unread(Uint8Array.of(1))
      sameBytes(await read(local, 3), Uint8Array.of(1, 2, 3))
    },
  },
  {
    promise: 'unread gives an item to a reader that waits',
    run: async ({ local }) => {
      const pending = local.source[Symbol.asyncIterator]().next()
      local.unread(Uint8Array.of(7))
      assert.deepEqual(await pending, { done: false, value: Uint8Array.of(7) })
    },
  },
  {
    promise: 'what was read may be kept while more arrives',
    run: async ({ local, remote }) => {
      const kept: Uint8Array[] = []
      for (let i = 1; i <= 20; i++) {
        remote.write(new Uint8Array(50).fill(i))
        kept.push(await read(local, 50))
      }
      assert.deepEqual(kept.map((chunk) => [...new Set(chunk)]), Array.from({ length: 20 }, (_, i) => [i + 1]))
    },
  },
  {
    promise: 'the end comes after the last byte, and again for whoever reads on',
    only: 'stream',
    run: async ({ local, remote }) => {
      remote.write(pattern(100))
      void remote.closeWrite()
      const iterator = local.source[Symbol.asyncIterator]()
      let bytes = 0
      for (let result = await iterator.next(); !result.done; result = await iterator.next()) {
        bytes += result.value.byteLength
      }
      assert.equal(bytes, 100)
      assert.equal((await iterator.next()).done, true)
      assert.equal((await local.source[Symbol.asyncIterator]().next()).done, true)
      assert.equal(local.status, 'half-closed-remote')
    },
  },
  {
    promise: 'a chunk of a stream is never empty, and an empty write means nothing',
    only: 'stream',
    run: async ({ local, remote }) => {
      for (const size of [0, 3, 0, 0, 2]) assert.equal(remote.write(pattern(size)), true)
      void remote.closeWrite()
      const sizes: number[] = []
      for await (const chunk of local) sizes.push(chunk.byteLength)
      assert.ok(!sizes.includes(0), `chunks of ${sizes.join(', ')} bytes`)
      assert.equal(remote.bytesWritten, 5)
    },
  },
]
