import { describe, expect, test, vi } from 'vitest'
import { Inbox } from '../src/connection/inbox.ts'
import { createSource } from '../src/connection/source.ts'
import { feed, type PushedReader } from '../src/connection/feed.ts'
import { ConnectionBusyError } from '../src/index.ts'

interface Told {
  readonly reader: PushedReader<string>
  readonly told: unknown[]
}

function noting(onItem: (item: string) => void = () => {}): Told {
  const told: unknown[] = []
  const reader: PushedReader<string> = {
    inOrder: true,
    onItem: (item) => {
      told.push(item)
      onItem(item)
    },
    onEnd: () => told.push('END'),
    onError: (error) => told.push(error),
  }
  return { reader, told }
}

const flow = { pause: () => {}, resume: () => {} }
const makeInbox = (): Inbox<string> => new Inbox<string>(flow, 10, ({ length }) => length)

/** A source of others, whose items come when they are told to. */
function byHand(): {
  readonly source: AsyncIterable<string>
  readonly asked: () => number
  readonly give: (result: IteratorResult<string, undefined>) => void
  readonly fail: (error: Error) => void
  readonly released: () => number
} {
  const waiting: PromiseWithResolversLike[] = []
  let asked = 0
  let released = 0
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        asked++
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
      },
      return: () => {
        released++
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  return {
    source,
    asked: () => asked,
    give: (result) => waiting.shift()?.resolve(result),
    fail: (error) => waiting.shift()?.reject(error),
    released: () => released,
  }
}

interface PromiseWithResolversLike {
  readonly resolve: (result: IteratorResult<string, undefined>) => void
  readonly reject: (error: Error) => void
}

const DONE = { done: true, value: undefined } as const
const item = (value: string): IteratorResult<string, undefined> => ({ done: false, value })
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a feed from a source of ours', () => {
  test('gives what waits and then each item in the call in which it comes', () => {
    const inbox = makeInbox()
    const { reader, told } = noting()
    inbox.push('a')
    const held = feed(createSource(inbox), reader)
    expect(told).toEqual([])
    held.resume()
    expect(told).toEqual(['a'])
    inbox.push('b')
    inbox.end()
    expect(told).toEqual(['a', 'b', 'END'])
  })

  test('gives nothing while it is paused, also from within an item', () => {
    const inbox = makeInbox()
    const { reader, told } = noting(() => held.pause())
    const held = feed(createSource(inbox), reader)
    for (const text of ['a', 'b', 'c']) inbox.push(text)
    held.resume()
    expect(told).toEqual(['a'])
    inbox.end()
    held.resume()
    held.resume()
    expect(told).toEqual(['a', 'b', 'c'])
    held.resume()
    expect(told.at(-1)).toBe('END')
  })

  test('tells a failure after what waits, and only when it is not paused', () => {
    const inbox = makeInbox()
    const error = new RangeError('no')
    const { reader, told } = noting()
    const held = feed(createSource(inbox), reader)
    inbox.push('a')
    inbox.fail(error, false)
    expect(told).toEqual([])
    held.resume()
    expect(told).toEqual(['a', error])
  })

  test('is told of a local close at once, and what waited is gone', () => {
    const inbox = makeInbox()
    const error = new RangeError('closed')
    const { reader, told } = noting()
    const held = feed(createSource(inbox), reader)
    inbox.push('a')
    inbox.fail(error, true)
    held.resume()
    expect(told).toEqual([error])
  })

  test('is one reader: a second is refused, and after its release the next goes on where it stopped', async () => {
    const inbox = makeInbox()
    const source = createSource(inbox)
    const first = noting((text) => text === 'a' && held.release())
    const held = feed(source, first.reader)
    expect(() => feed(source, noting().reader)).toThrow(ConnectionBusyError)
    await expect(source[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(ConnectionBusyError)
    inbox.push('a')
    inbox.push('b')
    held.resume()
    inbox.push('c')
    expect(first.told).toEqual(['a'])
    const second = noting()
    feed(source, second.reader).resume()
    expect(second.told).toEqual(['b', 'c'])
  })

  test('holds its source back while it is paused, and while nobody resumes it', () => {
    const calls: string[] = []
    const noted = { pause: () => calls.push('pause'), resume: () => calls.push('resume') }
    const inbox = new Inbox<string>(noted as never, 10, ({ length }) => length)
    const held = feed(createSource(inbox), noting().reader)
    expect(calls).toEqual([])
    held.resume()
    held.pause()
    held.resume()
    held.release()
    expect(calls).toEqual(['resume', 'pause', 'resume', 'pause'])
  })
})

describe('a feed from a source of others', () => {
  test('gives its items and its end, and asks for one at a time', async () => {
    const { source, asked, give } = byHand()
    const { reader, told } = noting()
    feed(source, reader).resume()
    for (const text of ['a', 'b']) {
      give(item(text))
      await settled()
    }
    expect(told).toEqual(['a', 'b'])
    expect(asked()).toBe(3)
    give(DONE)
    await settled()
    expect(told).toEqual(['a', 'b', 'END'])
    expect(asked()).toBe(3)
  })

  test('takes an iterable that is not asynchronous in one go', () => {
    const { reader, told } = noting()
    feed(['a', 'b'], reader).resume()
    expect(told).toEqual(['a', 'b', 'END'])
  })

  test('asks for nothing while it is paused, and keeps what was on its way', async () => {
    const { source, asked, give } = byHand()
    const { reader, told } = noting()
    const held = feed(source, reader)
    await settled()
    expect(asked()).toBe(0)
    held.resume()
    held.pause()
    give(item('a'))
    await settled()
    expect(told).toEqual([])
    held.resume()
    await settled()
    expect(told).toEqual(['a'])
    expect(asked()).toBe(2)
  })

  test('keeps an end, too, that was on its way', async () => {
    const { source, give } = byHand()
    const { reader, told } = noting()
    const held = feed(source, reader)
    held.resume()
    held.pause()
    give(DONE)
    await settled()
    expect(told).toEqual([])
    held.resume()
    await settled()
    expect(told).toEqual(['END'])
  })

  test.each<[string, (hand: ReturnType<typeof byHand>) => void, unknown]>([
    ['ended', ({ give }) => give(DONE), 'END'],
    ['failed', ({ fail }) => fail(new RangeError('no')), expect.any(RangeError)],
  ])('asks a source that has %s no further, not even to return', async (_, over, last) => {
    const hand = byHand()
    const { reader, told } = noting()
    const held = feed(hand.source, reader)
    held.resume()
    over(hand)
    await settled()
    held.resume()
    held.release()
    expect(told).toEqual([last])
    expect([hand.asked(), hand.released()]).toEqual([1, 0])
  })

  test('lets it go once, without waiting for what is on its way', async () => {
    const { source, give, released } = byHand()
    const { reader, told } = noting()
    const held = feed(source, reader)
    held.resume()
    held.release()
    held.release()
    expect(released()).toBe(1)
    give(item('a'))
    await settled()
    expect(told).toEqual([])
  })

  test('does not mind a source that throws, or rejects, when it is let go', async () => {
    const returned = vi.fn(() => Promise.reject(new RangeError('late')))
    const next = (): Promise<never> => new Promise(() => {})
    const thrown = (): never => {
      throw new RangeError('at once')
    }
    for (const leave of [returned, thrown]) {
      const held = feed({ [Symbol.asyncIterator]: () => ({ next, return: leave }) }, noting().reader)
      held.resume()
      expect(() => held.release()).not.toThrow()
    }
    await settled()
    expect(returned).toHaveBeenCalledOnce()
  })

  test('tells what its next() throws, be it no promise', async () => {
    const error = new RangeError('no')
    const { reader, told } = noting()
    const next = (): never => {
      throw error
    }
    feed({ [Symbol.asyncIterator]: () => ({ next }) }, reader).resume()
    await settled()
    expect(told).toEqual([error])
  })
})
