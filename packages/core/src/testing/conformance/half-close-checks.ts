import assert from 'node:assert/strict'
import { HalfCloseUnsupportedError } from '../../errors/connection-errors.ts'
import { collect, joined } from '../splits.ts'
import { type Check, failure, follow, pattern, read, sameBytes } from './check.ts'

/** What `closeWrite` promises. */
export const halfCloseChecks: readonly Check[] = [
  {
    promise: 'closeWrite delivers all that was written, then the end, and input goes on',
    only: 'stream',
    run: async ({ local, remote }) => {
      local.write(pattern(100_000))
      const ended = local.closeWrite()
      assert.equal(local.status, 'half-closed-local')
      sameBytes(joined(await collect(remote)), pattern(100_000))
      await ended
      assert.equal(remote.status, 'half-closed-remote')
      remote.write(pattern(50_000))
      sameBytes(await read(local, 50_000), pattern(50_000))
    },
  },
  {
    promise: 'when both ends have half-closed it closes by itself, cleanly, and knows who was first',
    only: 'stream',
    run: async ({ local, remote }) => {
      void local.closeWrite()
      await collect(remote)
      void remote.closeWrite()
      await collect(local)
      assert.deepEqual(await local.closed, { initiator: 'local' })
      assert.deepEqual(await remote.closed, { initiator: 'remote' })
      assert.equal(local.status, 'closed')
      assert.equal(remote.status, 'closed')
    },
  },
  {
    promise: 'after closeWrite a write returns false without effect',
    only: 'stream',
    run: async ({ local, remote }) => {
      local.write(pattern(5))
      void local.closeWrite()
      assert.equal(local.write(pattern(10)), false)
      assert.equal(local.bytesWritten, 5)
      sameBytes(joined(await collect(remote)), pattern(5))
    },
  },
  {
    promise: 'closeWrite is idempotent and safe after close',
    only: 'stream',
    run: async ({ local, remote }) => {
      await Promise.all([local.closeWrite(), local.closeWrite()])
      await local.closeWrite()
      assert.equal((await collect(remote)).length, 0)
      follow(remote)
      await Promise.all([remote.close(), local.close()])
      await local.closeWrite()
    },
  },
  {
    promise: 'closeWrite rejects with signal.reason, and half-closes all the same',
    only: 'stream',
    run: async ({ local, remote }) => {
      const reason = new RangeError('enough')
      await assert.rejects(local.closeWrite({ signal: AbortSignal.abort(reason) }), reason)
      assert.equal((await collect(remote)).length, 0)
    },
  },
  {
    promise: 'a stream half-closed by the other end still takes writes, an answer to the last byte included',
    only: 'stream',
    run: async ({ local, remote }) => {
      remote.write(pattern(1000))
      void remote.closeWrite()
      const received = joined(await collect(local))
      assert.equal(local.write(received), true)
      void local.closeWrite()
      sameBytes(joined(await collect(remote)), pattern(1000))
    },
  },
  {
    promise: 'closeWrite rejects with HalfCloseUnsupportedError, and the connection lives on',
    only: 'datagram',
    run: async ({ local, remote }) => {
      await failure(local.closeWrite(), HalfCloseUnsupportedError)
      assert.equal(local.status, 'open')
      local.write(pattern(10))
      sameBytes(await read(remote, 10), pattern(10))
    },
  },
]
