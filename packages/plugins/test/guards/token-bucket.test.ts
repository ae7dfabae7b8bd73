import { VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { TokenBucket } from '../../src/guards/token-bucket.ts'

describe('a token bucket', () => {
  test('is full at first, empties, and fills as time goes by, up to what it holds', () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(10, 20, clock)
    bucket.take(20)
    expect([bucket.has(1), bucket.wait(1)]).toEqual([false, 100])
    clock.advance(100)
    expect([bucket.has(1), bucket.has(2)]).toEqual([true, false])
    clock.advance(1_000_000)
    bucket.take(20)
    expect(bucket.has(1)).toBe(false)
  })

  test('goes into debt, which is waited for', () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(10, 10, clock)
    bucket.take(30)
    expect(bucket.wait(1)).toBe(2_100)
    clock.advance(2_100)
    expect(bucket.wait(1)).toBe(0)
  })

  test('never asks for more than it can hold, and holds at least one', () => {
    const clock = new VirtualClock()
    expect(new TokenBucket(10, 5, clock).has(1_000)).toBe(true)
    expect(new TokenBucket(0.5, 0.5, clock).has(1)).toBe(true)
  })
})
