import assert from 'node:assert/strict'
import { firstValueFrom, take } from 'rxjs'
import { ConnectionBusyError } from '../../errors/connection-errors.ts'
import { joined } from '../splits.ts'
import { type Check, failure, observed, pattern, read, readItem, sameBytes } from './check.ts'

/** What `data$` promises. */
export const dataChecks: readonly Check[] = [
  {
    promise: 'data$ gives what the other end writes, in order',
    run: async ({ local, remote }) => {
      const sent = pattern(100)
      const got: number[] = []
      const complete = new Promise<void>((resolve, reject) => {
        local.data$.subscribe({ next: (chunk) => got.push(...chunk) === 100 && resolve(), error: reject })
      })
      remote.write(sent.slice(0, 60))
      remote.write(sent.slice(60))
      await complete
      assert.deepEqual(got, [...sent])
    },
  },
  {
    promise: 'data$ pushes within the subscription what waits already',
    run: async ({ local }) => {
      local.unread(Uint8Array.of(1))
      const got: Uint8Array[] = []
      local.data$.subscribe((chunk) => got.push(chunk)).unsubscribe()
      assert.deepEqual(got, [Uint8Array.of(1)])
    },
  },
  {
    promise: 'a second subscription gets ConnectionBusyError, and so does a source beside data$',
    run: async ({ local }) => {
      const got: Uint8Array[] = []
      local.data$.subscribe({ next: (chunk) => got.push(chunk), error: () => {} })
      const { error } = await observed(local)
      assert.ok(error instanceof ConnectionBusyError)
      await failure(local.source[Symbol.asyncIterator]().next(), ConnectionBusyError)
      local.unread(pattern(3))
      assert.deepEqual(got, [pattern(3)])
    },
  },
  {
    promise: 'data$ beside a source gets ConnectionBusyError, and the connection lives on',
    run: async ({ local, remote }) => {
      const pending = local.source[Symbol.asyncIterator]().next()
      const { error } = await observed(local)
      assert.ok(error instanceof ConnectionBusyError)
      remote.write(pattern(3))
      sameBytes((await pending).value, pattern(3))
      assert.equal(local.status, 'open')
    },
  },
  {
    promise: 'unsubscribing stops reading at once, also from an idle peer',
    run: async ({ local, remote }) => {
      local.data$.subscribe({ next: () => assert.fail('not subscribed any more') }).unsubscribe()
      const pending = local.source[Symbol.asyncIterator]().next()
      remote.write(pattern(3))
      sameBytes((await pending).value, pattern(3))
    },
  },
  {
    promise: 'unsubscribing within next makes that the last item, and the rest is kept for the next reader',
    run: async ({ local }) => {
      for (const byte of [3, 2, 1]) local.unread(Uint8Array.of(byte))
      const got: Uint8Array[] = []
      local.data$.pipe(take(2)).subscribe((chunk) => got.push(chunk))
      assert.deepEqual(got, [Uint8Array.of(1), Uint8Array.of(2)])
      sameBytes(await read(local, 1), Uint8Array.of(3))
    },
  },
  {
    promise: 'readers may take turns: source, data$ and source again lose nothing between them',
    run: async ({ local, remote }) => {
      for (let i = 0; i < 6; i++) remote.write(Uint8Array.of(i))
      const got: Uint8Array[] = []
      let bytes = 0
      for (let turn = 0; bytes < 6; turn++) {
        const item = turn % 2 === 0 ? await readItem(local) : await firstValueFrom(local.data$)
        got.push(item)
        bytes += item.byteLength
      }
      sameBytes(joined(got), Uint8Array.of(0, 1, 2, 3, 4, 5))
    },
  },
  {
    promise: 'data$ completes at the end of the input',
    only: 'stream',
    run: async ({ local, remote }) => {
      remote.write(pattern(10))
      void remote.closeWrite()
      const { chunks, error } = await observed(local)
      assert.equal(error, undefined)
      assert.deepEqual(chunks.flatMap((chunk) => [...chunk]), [...pattern(10)])
    },
  },
]
