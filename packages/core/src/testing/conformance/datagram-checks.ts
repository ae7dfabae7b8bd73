import assert from 'node:assert/strict'
import { DatagramTooLargeError } from '../../errors/connection-errors.ts'
import { type Check, pattern, readItem, sameBytes } from './check.ts'

/** What a datagram connection promises besides. */
export const datagramChecks: readonly Check[] = [
  {
    promise: 'each write is one datagram, and each datagram one item, an empty one included',
    only: 'datagram',
    run: async ({ local, remote }) => {
      const sizes = [1, 0, 500, 0, 1200, 2]
      for (const size of sizes) assert.equal(remote.write(pattern(size)), true)
      const got: number[] = []
      for await (const datagram of local) {
        sameBytes(datagram, pattern(datagram.byteLength))
        if (got.push(datagram.byteLength) === sizes.length) break
      }
      assert.deepEqual(got.toSorted((a, b) => a - b), sizes.toSorted((a, b) => a - b))
    },
  },
  {
    promise: 'data$ keeps datagrams apart, an empty one included',
    only: 'datagram',
    run: async ({ local, remote }) => {
      const sizes = await new Promise<number[]>((resolve) => {
        const got: number[] = []
        local.data$.subscribe(({ byteLength }) => got.push(byteLength) === 3 && resolve(got))
        for (const size of [5, 0, 7]) remote.write(pattern(size))
      })
      assert.deepEqual(sizes.toSorted((a, b) => a - b), [0, 5, 7])
    },
  },
  {
    promise: 'a datagram of the largest size arrives whole; a larger one is refused with DatagramTooLargeError',
    only: 'datagram',
    run: async ({ local, remote }, { maxDatagramSize }) => {
      const size = maxDatagramSize ?? 65_507
      const reading = readItem(remote)
      const before = local.bytesWritten
      if (maxDatagramSize !== undefined) {
        assert.throws(
          () => local.write(pattern(size + 1)), { name: 'DatagramTooLargeError', limit: size, size: size + 1 },
        )
        assert.throws(() => local.write(pattern(size + 1)), DatagramTooLargeError)
      }
      assert.equal(local.bytesWritten, before)
      local.write(pattern(size))
      sameBytes(await reading, pattern(size))
      assert.equal(local.status, 'open')
    },
  },
]
