import { describe, expect, test } from 'vitest'
import type { BaseConnection } from '../src/index.ts'
import { connectionPair, joined, seededRandom } from '../src/testing/index.ts'

type Random = () => number

/** What one end has written, what the other has read of it, and how that ended. */
interface Direction {
  readonly from: BaseConnection
  readonly to: BaseConnection
  readonly written: Uint8Array[]
  readonly read: Uint8Array[]
  ended: boolean
}

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Reads in one way or another, never waiting for more than is there: some items, or until `data$` is let go. */
async function readSome({ to, read }: Direction, random: Random): Promise<void> {
  if (random() < 0.5) {
    const subscription = to.data$.subscribe({ next: (chunk) => read.push(chunk), error: () => {} })
    for (let i = random() * 3; i > 0; i--) await turn()
    subscription.unsubscribe()
    return
  }
  const iterator = to.source[Symbol.asyncIterator]()
  const pending = iterator.next().then(
    ({ value }) => value && read.push(value),
    () => {},
  )
  for (let i = random() * 3; i > 0; i--) await turn()
  await iterator.return?.()
  await pending
}

/** Reads to whatever end there is. */
async function readAll(direction: Direction): Promise<void> {
  try {
    for await (const chunk of direction.to) direction.read.push(chunk)
    direction.ended = true
  } catch {
    direction.ended = false
  }
}

async function step(direction: Direction, random: Random, weights: readonly string[]): Promise<void> {
  const { from, to, written, read } = direction
  switch (pick(random, weights)) {
    case 'write': {
      const chunk = Uint8Array.from({ length: Math.floor(random() * 3000) }, () => random() * 256)
      const before = from.bytesWritten
      from.write(chunk)
      if (from.bytesWritten > before) written.push(chunk)
      break
    }
    case 'read':
      await readSome(direction, random)
      break
    case 'unread': {
      const last = read.pop()
      if (last) to.unread(last)
      break
    }
    case 'closeWrite':
      void from.closeWrite()
      break
    case 'close':
      void from.close()
      break
    case 'abort':
      from.abort(new RangeError('enough'))
      break
    default:
      await turn()
  }
}

const OFTEN = ['write', 'write', 'write', 'write', 'read', 'read', 'read', 'unread', 'turn', 'turn']

async function walk(seed: number, rare: readonly string[]): Promise<readonly Direction[]> {
  const random = seededRandom(seed)
  const [one, other] = connectionPair({ highWaterMark: 4096 })
  const directions: readonly Direction[] = [
    { from: one, to: other, written: [], read: [], ended: false },
    { from: other, to: one, written: [], read: [], ended: false },
  ]
  const weights = [...OFTEN, ...OFTEN, ...rare]
  for (let i = 0; i < 40; i++) await step(pick(random, directions), random, weights)
  void one.closeWrite()
  void other.closeWrite()
  await Promise.all(directions.map(readAll))
  await Promise.all([one.closed, other.closed])
  return directions
}

/** What was read must be what was written, from its beginning, and all of it where the reader saw a clean end. */
function check({ written, read, ended }: Direction, seed: number): void {
  const [sent, got] = [joined(written), joined(read)]
  expect(got, `seed ${seed}: what was read is not what was written`).toEqual(sent.subarray(0, got.byteLength))
  if (ended) expect(got.byteLength, `seed ${seed}: a clean end before the last byte`).toBe(sent.byteLength)
}

describe('a connection used at random', () => {
  test.each([
    ['and only half-closed loses nothing', ['closeWrite'], true],
    ['and closed never shows a cut stream as an ended one', ['closeWrite', 'close'], false],
    ['and aborted never shows a cut stream as an ended one', ['closeWrite', 'abort'], false],
  ] as const)('%s', async (_, rare, whole) => {
    for (let seed = 1; seed <= 40; seed++) {
      for (const direction of await walk(seed, rare)) {
        check(direction, seed)
        if (whole) expect(direction.ended, `seed ${seed}`).toBe(true)
      }
    }
  })
})
