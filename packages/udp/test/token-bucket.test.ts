import { describe, expect, test } from 'vitest'
import { VirtualClock } from '@millrace/core/testing'
import { TokenBucket } from '../src/server/token-bucket.ts'

const takeAll = (bucket: TokenBucket): number => {
  let taken = 0
  while (taken < 100 && bucket.take()) taken++
  return taken
}

describe('TokenBucket', () => {
  test('allows its number at once and then none', () => {
    expect(takeAll(new TokenBucket(5, new VirtualClock()))).toBe(5)
  })

  test('fills again with time, in proportion', () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(10, clock)
    takeAll(bucket)
    clock.advance(300)
    expect(takeAll(bucket)).toBe(3)
    clock.advance(50)
    expect(takeAll(bucket)).toBe(0)
    clock.advance(50)
    expect(takeAll(bucket)).toBe(1)
  })

  test('never holds more than one second of them', () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(10, clock)
    clock.advance(60_000)
    expect(takeAll(bucket)).toBe(10)
  })

  test('allows all where the number is infinite', () => {
    expect(takeAll(new TokenBucket(Infinity, new VirtualClock()))).toBe(100)
  })
})
