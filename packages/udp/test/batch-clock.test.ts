import { VirtualClock } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { BatchClock } from '../src/batch-clock.ts'

test('stands still while a batch is given out, and goes on after it, also where that throws', () => {
  const clock = new VirtualClock()
  const batchClock = new BatchClock(clock)
  clock.advance(10)
  const start = clock.now()
  const give = (): void => {
    clock.advance(5)
    expect(batchClock.now()).toBe(start)
    throw new Error('of a reader')
  }
  expect(() => batchClock.during(give)).toThrow('of a reader')
  expect(batchClock.now()).toBe(start + 5)
})

test('calls back by the clock behind it', () => {
  const clock = new VirtualClock()
  const called: number[] = []
  const batchClock = new BatchClock(clock)
  batchClock.schedule(() => called.push(1), 20)
  const timer = batchClock.schedule(() => called.push(2), 20)
  timer.cancel()
  clock.advance(20)
  expect(called).toEqual([1])
})
