import { describe, expect, test } from 'vitest'
import { ConnectionBusyError } from '../src/index.ts'
import { Inbox } from '../src/connection/inbox.ts'
import { connectionOf, createSource, tagWithConnection } from '../src/connection/source.ts'
import { collect, connectionPair } from '../src/testing/index.ts'

const flow = { pause: () => {}, resume: () => {} }
const makeInbox = (): Inbox<string> => new Inbox<string>(flow, 10, ({ length }) => length)

describe('createSource', () => {
  test('refuses a next() while one is pending, which still gets its item', async () => {
    const inbox = makeInbox()
    const iterator = createSource(inbox)[Symbol.asyncIterator]()
    const pending = iterator.next()
    await expect(iterator.next()).rejects.toBeInstanceOf(ConnectionBusyError)
    inbox.push('a')
    expect(await pending).toEqual({ done: false, value: 'a' })
  })

  test('throws an error once, after the last item, and is done then', async () => {
    const inbox = makeInbox()
    const error = new RangeError('no')
    const iterator = createSource(inbox)[Symbol.asyncIterator]()
    const first = iterator.next()
    inbox.push('a')
    inbox.push('b')
    inbox.fail(error, false)
    expect((await first).value).toBe('a')
    expect((await iterator.next()).value).toBe('b')
    await expect(iterator.next()).rejects.toBe(error)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('wakes a next() that waits with the end, or with the error', async () => {
    const [ended, failed] = [makeInbox(), makeInbox()]
    const error = new RangeError('no')
    const pending = [ended, failed].map((inbox) => createSource(inbox)[Symbol.asyncIterator]().next())
    ended.end()
    failed.fail(error, false)
    expect(await pending[0]).toEqual({ done: true, value: undefined })
    await expect(pending[1]).rejects.toBe(error)
  })

  test('gives an empty item too', async () => {
    const inbox = makeInbox()
    inbox.push('')
    inbox.push('a')
    inbox.end()
    expect(await collect(createSource(inbox))).toEqual(['', 'a'])
  })

  test('is read by one iteration at a time, and by the next one after a break', async () => {
    const inbox = makeInbox()
    const source = createSource(inbox)
    for (const item of ['a', 'b']) inbox.push(item)
    inbox.end()
    for await (const item of source) {
      expect(item).toBe('a')
      await expect(source[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(ConnectionBusyError)
      break
    }
    expect(await collect(source)).toEqual(['b'])
  })
})

test('a source knows whose it is, and so does what it is tagged on', () => {
  const [connection, other] = connectionPair()
  expect(connectionOf(connection.source)).toBe(connection)
  expect(connectionOf([])).toBeUndefined()
  const derived = tagWithConnection({}, connection)
  expect(connectionOf(derived)).toBe(connection)
  expect(Object.keys(derived)).toEqual([])
  connection.abort()
  other.abort()
})
