import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { ConnectionClosedError } from '../../errors/connection-errors.ts'
import { collect, joined } from '../splits.ts'
import { type Check, failure, follow, observed, pattern, read, sameBytes } from './check.ts'

/** What `close`, `closed` and `signal` promise. */
export const closingChecks: readonly Check[] = [
  {
    promise: 'it begins open, with nobody gone',
    run: async ({ local }) => {
      assert.equal(local.status, 'open')
      assert.equal(local.signal.aborted, false)
      assert.match(local.id, new RegExp(`^${local.transport}-`))
    },
  },
  {
    promise: 'close delivers all that was written, then the end',
    only: 'stream',
    run: async ({ local, remote }) => {
      local.write(pattern(300_000))
      const closed = local.close()
      assert.equal(local.status, 'closing')
      sameBytes(joined(await collect(remote)), pattern(300_000))
      await remote.close()
      await closed
      assert.deepEqual(await local.closed, { initiator: 'local' })
      assert.deepEqual(await remote.closed, { initiator: 'remote' })
    },
  },
  {
    promise: 'close delivers what was written although nobody has read what came in',
    only: 'stream',
    run: async ({ local, remote }) => {
      remote.write(pattern(20_000))
      await remote.drain()
      local.write(pattern(50_000))
      const closed = local.close()
      sameBytes(joined(await collect(remote)), pattern(50_000))
      await Promise.all([remote.close(), closed])
      assert.equal((await remote.closed).error, undefined)
    },
  },
  {
    promise: 'close sends what was written',
    only: 'datagram',
    run: async ({ local, remote }) => {
      const reading = read(remote, 10)
      local.write(pattern(10))
      await local.close()
      sameBytes(await reading, pattern(10))
    },
  },
  {
    promise: 'close is idempotent and resolves when closed; status, closed and signal tell',
    run: async ({ local, remote }) => {
      follow(remote)
      await Promise.all([local.close(), local.close()])
      assert.equal(local.status, 'closed')
      assert.ok(local.signal.reason instanceof ConnectionClosedError)
      assert.deepEqual(await local.closed, { initiator: 'local' })
      await local.close()
    },
  },
  {
    promise: 'signal aborts when the connection is gone for those who asked before',
    run: async ({ local, remote }) => {
      follow(remote)
      const { signal } = local
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
      void local.close()
      await aborted
      assert.equal(local.status, 'closed')
    },
  },
  {
    promise: 'asyncDispose closes',
    run: async ({ local, remote }) => {
      follow(remote)
      await local[Symbol.asyncDispose]()
      assert.equal(local.status, 'closed')
    },
  },
  {
    promise: 'close wakes a next() that waits with ConnectionClosedError',
    run: async ({ local, remote }) => {
      follow(remote)
      const pending = local.source[Symbol.asyncIterator]().next()
      void local.close()
      await failure(pending, ConnectionClosedError)
      assert.deepEqual(await local.closed, { initiator: 'local' })
    },
  },
  {
    promise: 'close ends data$ with ConnectionClosedError',
    run: async ({ local, remote }) => {
      follow(remote)
      const ended = observed(local)
      void local.close()
      assert.ok((await ended).error instanceof ConnectionClosedError)
    },
  },
  {
    promise: 'after close a new iteration throws ConnectionClosedError',
    run: async ({ local, remote }) => {
      follow(remote)
      await local.close()
      await failure(collect(local), ConnectionClosedError)
    },
  },
  {
    promise: 'close rejects with signal.reason, and goes on closing',
    run: async ({ local, remote }) => {
      follow(remote)
      const reason = new RangeError('enough')
      const { signal } = new AbortController()
      await assert.rejects(local.close({ signal: AbortSignal.abort(reason) }), reason)
      await local.close({ signal })
      assert.equal(getEventListeners(signal, 'abort').length, 0)
      assert.deepEqual(await local.closed, { initiator: 'local' })
    },
  },
  {
    promise: 'after the other end closes, reading ends cleanly and close finishes it',
    needs: 'noticesEnd',
    run: async ({ local, remote }) => {
      const reading = collect(local)
      const closed = remote.close()
      assert.deepEqual(await reading, [])
      await Promise.all([local.close(), closed])
      assert.equal((await local.closed).error, undefined)
    },
  },
]
