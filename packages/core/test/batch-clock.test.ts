import { expect, test } from 'vitest'
import { BatchClock } from '../src/connection/batch-clock.ts'
import { VirtualClock } from '../src/testing/index.ts'

test('is looked at once for each batch, and each time in between', () => {
  const clock = new VirtualClock()
  const batches = { batch: 0, delivering: false }
  const batchClock = new BatchClock(clock, batches)
  clock.advance(10)
  const start = batchClock.now()
  expect(start).toBe(clock.now())
  for (const late of [5, 10]) {
    batches.batch++
    batches.delivering = true
    const now = batchClock.now()
    expect(now).toBe(clock.now())
    clock.advance(5)
    expect(batchClock.now()).toBe(now)
    batches.delivering = false
    expect(batchClock.now()).toBe(start + late)
  }
})

test('calls back by the clock behind it', () => {
  const clock = new VirtualClock()
  const called: number[] = []
  const batchClock = new BatchClock(clock, { batch: 0, delivering: true })
  batchClock.schedule(() => called.push(1), 20)
  const timer = batchClock.schedule(() => called.push(2), 20)
  timer.cancel()
  clock.advance(20)
  expect(called).toEqual([1])
})
