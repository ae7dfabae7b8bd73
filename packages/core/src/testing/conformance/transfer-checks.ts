import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Connection } from '../../connection/connection.ts'
import { chunksOf, collect, joined, seededRandom } from '../splits.ts'
import { type Check, pattern } from './check.ts'

const MIB = 1024 * 1024
const PIECE = 64 * 1024

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A MiB of random bytes in random chunks of up to 16 KiB. */
function load(seed: number): { readonly bytes: Uint8Array; readonly chunks: Uint8Array[] } {
  const random = seededRandom(seed)
  const bytes = Uint8Array.from({ length: MIB }, () => random() * 256)
  const sizes = Array.from({ length: 400 }, () => 1 + Math.floor(random() * 16 * 1024))
  return { bytes, chunks: chunksOf(bytes, sizes) }
}

async function receive(connection: Connection): Promise<string> {
  return hash(joined(await collect(connection)))
}

/** What a stream promises of much data. */
export const transferChecks: readonly Check[] = [
  {
    promise: 'a MiB each way at once arrives whole, from random chunks',
    only: 'stream',
    run: async ({ local, remote }) => {
      const [out, back] = [load(1), load(2)]
      const [received, returned] = await Promise.all([
        receive(remote),
        receive(local),
        local.sink(out.chunks),
        remote.sink(back.chunks),
      ])
      assert.equal(received, hash(out.bytes))
      assert.equal(returned, hash(back.bytes))
      assert.equal((await local.closed).error, undefined)
    },
  },
  {
    promise: 'an echo of a MiB through sink and source comes back whole, with no promise looked at',
    only: 'stream',
    run: async ({ local, remote }) => {
      const { bytes, chunks } = load(3)
      void remote.sink(remote.source)
      void local.sink(chunks)
      assert.equal(await receive(local), hash(bytes))
      assert.equal((await remote.closed).error, undefined)
    },
  },
  {
    promise: 'an echo of a MiB through data$ and write comes back whole',
    only: 'stream',
    run: async ({ local, remote }) => {
      const { bytes, chunks } = load(4)
      remote.data$.subscribe({ next: (chunk) => remote.write(chunk), complete: () => void remote.closeWrite() })
      void local.sink(chunks)
      assert.equal(await receive(local), hash(bytes))
    },
  },
  {
    promise: 'a sink takes no more from its source than the peer, the way there and highWaterMark hold',
    only: 'stream',
    limits: { highWaterMark: PIECE },
    run: async ({ local, remote }, { inFlight }) => {
      const total = inFlight * 2 + 4 * MIB
      const bound = inFlight + 4 * PIECE
      const piece = pattern(PIECE)
      let pulled = 0
      let most = 0
      let received = 0
      const source = function* (): Generator<Uint8Array> {
        for (; pulled < total; most = Math.max(most, pulled - received)) {
          pulled += PIECE
          yield piece
        }
      }
      const sunk = local.sink(source())
      // Long enough that a sink which does not wait has taken everything.
      for (let turn = 0; turn < 50; turn++) await nextTurn()
      assert.ok(pulled <= bound, `${pulled} bytes were taken before anyone read, which is more than ${bound}`)
      for await (const chunk of remote) received += chunk.byteLength
      await sunk
      assert.equal(received, total)
      assert.ok(most <= bound, `${most} bytes were on the way, which is more than ${bound}`)
    },
  },
]
