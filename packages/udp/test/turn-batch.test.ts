import { describe, expect, test } from 'vitest'
import { PeerNumbers } from '../src/drivers/peer-numbers.ts'
import { TurnBatch } from '../src/drivers/turn-batch.ts'

const FROM = { address: '192.0.2.1', port: 53 }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const numbers = new PeerNumbers()
  const given: string[] = []
  const batch = new TurnBatch(numbers, (ready) => {
    given.push(Array.from({ length: ready.length }, (_, i) => String(ready.data(i))).join(' '))
  })
  const add = (text: string): void => batch.add(Buffer.from(text), FROM)
  return { numbers, given, batch, add }
}

describe('TurnBatch', () => {
  test('hands on together, in order, what came in one turn', async () => {
    const { given, add } = setUp()
    for (const text of ['a', 'b', 'c']) add(text)
    expect(given).toEqual([])
    await turn()
    add('d')
    await turn()
    await turn()
    expect(given).toEqual(['a b c', 'd'])
  })

  test('tells who sent each', async () => {
    const numbers = new PeerNumbers()
    const number = numbers.keep(FROM)
    const other = { address: '192.0.2.2', port: 53 }
    const seen: unknown[] = []
    const batch = new TurnBatch(numbers, (ready) => {
      for (const i of [0, 1]) seen.push(ready.sender(i), ready.peer(i))
    })
    batch.add(Buffer.of(), FROM)
    batch.add(Buffer.of(), other)
    await turn()
    expect(seen).toEqual([FROM, number, other, 0])
  })

  test('does not wait where datagrams come one a turn, looks now and then, and waits again where they do not', async () => {
    const { given, add } = setUp()
    const isGivenAtOnce = (): boolean => {
      const before = given.length
      add('x')
      return given.length > before
    }
    for (let i = 0; i < 65; i++) {
      expect(isGivenAtOnce()).toBe(false)
      await turn()
    }
    for (let i = 65; i < 80; i++) expect(isGivenAtOnce()).toBe(true)
    expect(isGivenAtOnce()).toBe(false)
    add('y')
    await turn()
    expect(given.at(-1)).toBe('x y')
    expect(isGivenAtOnce()).toBe(false)
    await turn()
    expect(given).toHaveLength(82)
  })

  test('cleared, hands on nothing of what came', async () => {
    const { given, batch, add } = setUp()
    add('a')
    batch.clear()
    await turn()
    expect(given).toEqual([])
  })
})
