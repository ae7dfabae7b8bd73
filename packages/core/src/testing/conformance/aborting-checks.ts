import assert from 'node:assert/strict'
import { ConnectionAbortedError, ConnectionResetError } from '../../errors/connection-errors.ts'
import { collect } from '../splits.ts'
import { type Check, failure, follow, observed, pattern, readItem } from './check.ts'

const PIECE = 64 * 1024

const never = (): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
})

/** What `abort` promises, and a connection that broke. */
export const abortingChecks: readonly Check[] = [
  {
    promise: 'the reason of an abort is the one error object everywhere: closed, source, sink and signal',
    run: async ({ local }) => {
      const reason = new RangeError('enough')
      const pending = local.source[Symbol.asyncIterator]().next()
      const sunk = local.sink(never())
      const { signal } = local
      local.abort(reason)
      assert.equal(await failure(pending, RangeError), reason)
      assert.equal(await failure(sunk, RangeError), reason)
      assert.deepEqual(await local.closed, { error: reason, initiator: 'local' })
      assert.equal((await local.closed).error, reason)
      assert.equal(signal.reason, reason)
      assert.equal(local.status, 'closed')
    },
  },
  {
    promise: 'data$ errors with that same object',
    run: async ({ local }) => {
      const reason = new RangeError('enough')
      const ended = observed(local)
      local.abort(reason)
      assert.equal((await ended).error, reason)
      assert.equal((await local.closed).error, reason)
    },
  },
  {
    promise: 'a reason that is no Error is the cause of a ConnectionAbortedError',
    run: async ({ local }) => {
      local.abort('because')
      const { error } = await local.closed
      assert.ok(error instanceof ConnectionAbortedError)
      assert.equal(error.cause, 'because')
    },
  },
  {
    promise: 'abort is idempotent: the first reason stays',
    run: async ({ local }) => {
      const reason = new RangeError('first')
      local.abort(reason)
      local.abort(new TypeError('second'))
      assert.equal((await local.closed).error, reason)
      local.abort(new TypeError('third'))
      assert.equal((await local.closed).error, reason)
      assert.equal(local.signal.reason, reason)
    },
  },
  {
    promise: 'abort is safe after close and changes nothing',
    run: async ({ local, remote }) => {
      follow(remote)
      await local.close()
      local.abort(new RangeError('late'))
      assert.deepEqual(await local.closed, { initiator: 'local' })
      assert.equal(local.status, 'closed')
    },
  },
  {
    promise: 'abort cuts short a close that waits for its peer',
    only: 'stream',
    run: async ({ local, remote }) => {
      local.write(pattern(100))
      const closed = local.close()
      local.abort(new RangeError('enough'))
      await closed
      assert.equal(local.status, 'closed')
      remote.abort()
    },
  },
  {
    promise: 'once broken it stays broken: each use tells the same error, and closing is harmless',
    run: async ({ local }) => {
      const reason = new RangeError('enough')
      local.abort(reason)
      await local.closed
      assert.equal(local.write(pattern(1)), false)
      assert.equal(await failure(local.drain(), RangeError), reason)
      assert.equal(await failure(collect(local), RangeError), reason)
      assert.equal(await failure(collect(local), RangeError), reason)
      assert.equal(await failure(local.sink([pattern(1)]), RangeError), reason)
      assert.equal((await observed(local)).error, reason)
      await local.closeWrite()
      await local.close()
    },
  },
  {
    promise: 'the other end of an abort breaks with ConnectionResetError, one object everywhere',
    needs: 'resets',
    run: async ({ local, remote }) => {
      const pending = local.source[Symbol.asyncIterator]().next()
      const sunk = local.sink(never())
      remote.abort(new RangeError('mine'))
      const error = await failure(pending, ConnectionResetError)
      assert.equal(await failure(sunk, ConnectionResetError), error)
      const info = await local.closed
      assert.equal(info.error, error)
      assert.equal(info.initiator, 'remote')
      assert.equal(local.signal.reason, error)
      assert.equal(await failure(collect(local), ConnectionResetError), error)
    },
  },
  {
    promise: 'the other end of an abort after closeWrite sees the end only behind the last byte',
    only: 'stream',
    needs: 'resets',
    run: async ({ local, remote }, { inFlight }) => {
      const total = inFlight * 2
      const piece = pattern(PIECE)
      for (let sent = 0; sent < total; sent += PIECE) remote.write(piece)
      void remote.closeWrite()
      await readItem(local)
      remote.abort()
      const error = await failure(collect(local), ConnectionResetError)
      assert.equal((await local.closed).error, error)
    },
  },
]
