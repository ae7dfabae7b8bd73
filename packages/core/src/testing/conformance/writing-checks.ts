import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import type { Connection } from '../../connection/connection.ts'
import { ConnectionClosedError } from '../../errors/connection-errors.ts'
import { InvalidOptionError } from '../../errors/invalid-option-error.ts'
import { type Check, failure, follow, pattern, read, sameBytes } from './check.ts'

const HIGH = 16 * 1024
const limits = { highWaterMark: HIGH }

/**
 * Writes up to the high-water mark within one turn, when nothing of it can have gone. @returns what each write
 * returned.
 */
function fill(connection: Connection): boolean[] {
  return [1, 2, 3, 4].map((seed) => connection.write(pattern(HIGH / 4, seed)))
}

/** What `write` and `drain` promise. */
export const writingChecks: readonly Check[] = [
  {
    promise: 'write returns false at highWaterMark and true again after drain',
    limits,
    run: async ({ local, remote }) => {
      const reading = read(remote, HIGH)
      assert.deepEqual(fill(local), [true, true, true, false])
      await local.drain()
      assert.equal((await reading).byteLength, HIGH)
      assert.equal(local.write(pattern(1)), true)
    },
  },
  {
    promise: 'what write took although it returned false arrives too',
    limits,
    run: async ({ local, remote }) => {
      const reading = read(remote, HIGH + 10)
      fill(local)
      assert.equal(local.write(pattern(10)), false)
      sameBytes((await reading).slice(HIGH), pattern(10))
    },
  },
  {
    promise: 'write refuses what is no Uint8Array, at once',
    needs: 'refusesItems',
    run: async ({ local }) => {
      for (const item of ['text', [1, 2], undefined, new ArrayBuffer(2)]) {
        assert.throws(() => local.write(item as never), InvalidOptionError)
      }
      assert.equal(local.status, 'open')
    },
  },
  {
    promise: 'write takes a Buffer and a view of a larger one',
    run: async ({ local, remote }) => {
      local.write(Buffer.from('ab'))
      local.write(new Uint8Array(pattern(10).buffer, 4, 2))
      sameBytes(await read(remote, 4), Uint8Array.of(97, 98, ...pattern(10).subarray(4, 6)))
    },
  },
  {
    promise: 'drain resolves at once where nothing waits',
    run: async ({ local }) => {
      assert.equal(await local.drain(), undefined)
    },
  },
  {
    promise: 'after drain the bytes written may be changed',
    run: async ({ local, remote }) => {
      const bytes = pattern(100)
      local.write(bytes)
      await local.drain()
      bytes.fill(0)
      sameBytes(await read(remote, 100), pattern(100))
    },
  },
  {
    promise: 'drain rejects with signal.reason, at once, and leaves no listener',
    limits,
    run: async ({ local, remote }) => {
      follow(remote)
      const reason = new RangeError('enough')
      await assert.rejects(local.drain({ signal: AbortSignal.abort(reason) }), reason)
      const controller = new AbortController()
      const { signal } = controller
      fill(local)
      const drained = local.drain({ signal })
      controller.abort(reason)
      await assert.rejects(drained, reason)
      const other = new AbortController()
      await local.drain({ signal: other.signal })
      assert.equal(getEventListeners(signal, 'abort').length, 0)
      assert.equal(getEventListeners(other.signal, 'abort').length, 0)
    },
  },
  {
    promise: 'a drain that waits rejects with the error of the connection that fails',
    limits,
    run: async ({ local }) => {
      fill(local)
      const drained = local.drain()
      const reason = new RangeError('enough')
      local.abort(reason)
      await assert.rejects(drained, reason)
      await assert.rejects(local.drain(), reason)
    },
  },
  {
    promise: 'after close write returns false without effect and drain rejects with ConnectionClosedError',
    run: async ({ local, remote }) => {
      follow(remote)
      const closed = local.close()
      const before = local.bytesWritten
      assert.equal(local.write(pattern(10)), false)
      await failure(local.drain(), ConnectionClosedError)
      await closed
      assert.equal(local.write(pattern(10)), false)
      await failure(local.drain(), ConnectionClosedError)
      assert.equal(local.bytesWritten, before)
    },
  },
  {
    promise: 'bytesWritten counts what write took, bytesRead what has arrived',
    run: async ({ local, remote }) => {
      const { bytesWritten } = local
      const { bytesRead } = remote
      local.write(pattern(70))
      local.write(pattern(30))
      assert.equal(local.bytesWritten - bytesWritten, 100)
      await read(remote, 100)
      assert.equal(remote.bytesRead - bytesRead, 100)
      assert.equal(local.bytesWritten - bytesWritten, 100)
    },
  },
]
