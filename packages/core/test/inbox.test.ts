import { describe, expect, test } from 'vitest'
import { ConnectionBusyError } from '../src/index.ts'
import { Inbox } from '../src/connection/inbox.ts'
import type { Lease, Reader } from '../src/connection/lease.ts'

interface Told {
  readonly reader: Reader<string>
  readonly told: unknown[]
}

const pushed = (onItem: (item: string) => void = () => {}): Told => {
  const told: unknown[] = []
  const reader: Reader<string> = {
    onItem: (item) => {
      told.push(item)
      onItem(item)
    },
    onEnd: () => told.push('END'),
    onError: (error) => told.push(error),
  }
  return { reader, told }
}

const pulling = (): Told => {
  const told: unknown[] = []
  const reader = {
    onReadable: () => told.push('readable'),
    onEnd: () => told.push('END'),
    onError: (error: Error) => told.push(error),
  }
  return { reader, told }
}

function makeInbox(limit = 10): { readonly inbox: Inbox<string>; readonly flow: string[] } {
  const flow: string[] = []
  const source = { pause: () => flow.push('pause'), resume: () => flow.push('resume') }
  return { inbox: new Inbox<string>(source as never, limit, ({ length }) => length), flow }
}

function claimAndStart(inbox: Inbox<string>, { reader }: Told): Lease<string> {
  const lease = inbox.claim(reader)
  inbox.start()
  return lease
}

describe('an inbox with a reader that is pushed to', () => {
  test('gives what waits, in order, then each item as it comes', () => {
    const { inbox } = makeInbox()
    const one = pushed()
    inbox.push('a')
    inbox.push('b')
    claimAndStart(inbox, one)
    inbox.push('c')
    expect(one.told).toEqual(['a', 'b', 'c'])
    expect([inbox.length, inbox.bytes]).toEqual([0, 0])
  })

  test('keeps the order of what comes in, or is given back, while an item is being delivered', () => {
    const { inbox } = makeInbox()
    const one = pushed((item) => {
      if (item === 'a') {
        inbox.push('d')
        inbox.unread('c')
        inbox.unread('b')
      }
    })
    claimAndStart(inbox, one)
    inbox.push('a')
    inbox.push('e')
    expect(one.told).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('keeps everything while it is paused, and gives it when it is resumed', () => {
    const { inbox } = makeInbox()
    const one = pushed()
    const lease = claimAndStart(inbox, one)
    lease.pause()
    inbox.push('a')
    inbox.push('b')
    expect(one.told).toEqual([])
    lease.resume()
    lease.resume()
    expect(one.told).toEqual(['a', 'b'])
  })

  test('stops within the backlog when the reader pauses or lets go, and loses nothing', () => {
    const { inbox } = makeInbox()
    for (const item of ['a', 'b', 'c', 'd']) inbox.push(item)
    let lease: Lease<string> | undefined
    const one = pushed((item) => (item === 'a' ? lease?.pause() : lease?.release()))
    lease = inbox.claim(one.reader)
    inbox.start()
    expect(one.told).toEqual(['a'])
    lease.resume()
    expect(one.told).toEqual(['a', 'b'])
    const two = pushed()
    claimAndStart(inbox, two)
    expect(two.told).toEqual(['c', 'd'])
  })

  test('tells the end after the last item, and a failure at once', () => {
    const ended = makeInbox().inbox
    const one = pushed()
    ended.push('a')
    ended.end()
    claimAndStart(ended, one)
    expect(one.told).toEqual(['a', 'END'])
    const failed = makeInbox().inbox
    const two = pushed()
    const lease = claimAndStart(failed, two)
    lease.pause()
    failed.push('a')
    const error = new RangeError('no')
    failed.fail(error, false)
    expect(two.told).toEqual([error])
  })
})

describe('an inbox with a reader that pulls', () => {
  test('tells that there is something, and gives it when it is asked', () => {
    const { inbox } = makeInbox()
    const one = pulling()
    const lease = claimAndStart(inbox, one)
    expect(lease.take()).toBeUndefined()
    inbox.push('a')
    expect(one.told).toEqual(['readable'])
    expect([lease.take(), lease.take()]).toEqual(['a', undefined])
  })

  test('tells the end, and a failure, only after the last item was taken', () => {
    for (const error of [undefined, new RangeError('no')]) {
      const { inbox } = makeInbox()
      const one = pulling()
      const lease = claimAndStart(inbox, one)
      inbox.push('a')
      if (error) inbox.fail(error, false)
      else inbox.end()
      expect(one.told).not.toContain(error ?? 'END')
      expect(lease.take()).toBe('a')
      expect(lease.take()).toBeUndefined()
      expect(one.told.at(-1)).toBe(error ?? 'END')
    }
  })

  test('throws away what waits when the failure says so', () => {
    const { inbox } = makeInbox()
    const one = pulling()
    inbox.push('a')
    inbox.fail(new RangeError('no'), true)
    const lease = claimAndStart(inbox, one)
    expect(lease.take()).toBeUndefined()
    expect(inbox.bytes).toBe(0)
  })
})

describe('an inbox', () => {
  test('has one reader at a time', () => {
    const { inbox } = makeInbox()
    const lease = claimAndStart(inbox, pushed())
    expect(() => inbox.claim(pushed().reader)).toThrow(ConnectionBusyError)
    lease.release()
    lease.release()
    expect(inbox.claimed).toBe(false)
    claimAndStart(inbox, pulling())
    lease.release()
    expect(inbox.claimed).toBe(true)
  })

  test('tells every later reader its end again', () => {
    const { inbox } = makeInbox()
    inbox.end()
    for (let i = 0; i < 2; i++) {
      const one = pushed()
      claimAndStart(inbox, one)
      expect(one.told).toEqual(['END'])
    }
  })

  test('takes nothing in after its end', () => {
    const { inbox } = makeInbox()
    inbox.end()
    inbox.push('late')
    inbox.fail(new RangeError('late'), false)
    const one = pushed()
    claimAndStart(inbox, one)
    expect(one.told).toEqual(['END'])
  })

  test('asks its source to flow only while there is a reader that wants items', () => {
    const { inbox, flow } = makeInbox()
    const lease = claimAndStart(inbox, pushed())
    lease.pause()
    lease.resume()
    lease.release()
    expect(flow).toEqual(['resume', 'pause', 'resume', 'pause'])
  })

  test('stops its source over the limit, and starts it again at half of it', () => {
    const { inbox, flow } = makeInbox(10)
    const lease = claimAndStart(inbox, pulling())
    inbox.push('12345')
    inbox.push('6789')
    expect(flow).toEqual(['resume'])
    inbox.push('0')
    expect(flow).toEqual(['resume', 'pause'])
    lease.take()
    expect(flow).toEqual(['resume', 'pause', 'resume'])
  })

  test('keeps order and count over thousands of items', () => {
    const { inbox } = makeInbox(1e9)
    const lease = claimAndStart(inbox, pulling())
    let taken = 0
    for (let i = 0; i < 5000; i++) {
      inbox.push(String(i))
      if (i % 3 === 0) expect(lease.take()).toBe(String(taken++))
    }
    while (inbox.length > 0) expect(lease.take()).toBe(String(taken++))
    expect([taken, inbox.bytes]).toEqual([5000, 0])
  })
})
