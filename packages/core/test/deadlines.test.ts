import { describe, expect, test } from 'vitest'
import type { Clock } from '../src/connection/clock.ts'
import { type Awaiting, Deadlines, deadlinesOf } from '../src/connection/deadlines.ts'
import { VirtualClock } from '../src/testing/index.ts'

class Alarm implements Awaiting {
  deadline = 0
  place = -1
  readonly ring: () => void

  constructor(ring: () => void) {
    this.ring = ring
  }

  onDeadline(): void {
    this.ring()
  }
}

/** The same numbers each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state
  }
}

function setUp() {
  const clock = new VirtualClock()
  const deadlines = new Deadlines(clock)
  const rung: number[] = []
  const add = (deadline: number): Alarm => {
    const alarm = new Alarm(() => rung.push(clock.now()))
    deadlines.add(alarm, deadline)
    return alarm
  }
  return { clock, deadlines, rung, add }
}

describe('Deadlines', () => {
  test('calls each at its deadline, in order, on one timer', () => {
    const { clock, rung, add } = setUp()
    for (const deadline of [50, 10, 30, 10, 40]) add(deadline)
    expect(clock.pending).toBe(1)
    clock.advance(30)
    expect(rung).toEqual([10, 10, 30])
    clock.advance(100)
    expect(rung).toEqual([10, 10, 30, 40, 50])
    expect(clock.pending).toBe(0)
  })

  test('does not call what was removed, whichever it was, and leaves no timer behind', () => {
    const random = numbers(7)
    for (let round = 0; round < 200; round++) {
      const { clock, deadlines, rung, add } = setUp()
      const alarms = Array.from({ length: 40 }, () => add(1 + (random.next().value % 100)))
      const kept = alarms.filter(() => random.next().value % 3 > 0)
      for (const alarm of alarms) if (!kept.includes(alarm)) deadlines.remove(alarm)
      expect(deadlines.size).toBe(kept.length)
      clock.advance(100)
      expect(rung).toEqual(kept.map(({ deadline }) => deadline).toSorted((a, b) => a - b))
      expect([deadlines.size, clock.pending]).toEqual([0, 0])
    }
  })

  test('removes one twice, and one that was called, without effect', () => {
    const { clock, deadlines, rung, add } = setUp()
    const alarm = add(10)
    clock.advance(10)
    deadlines.remove(alarm)
    add(20)
    deadlines.remove(alarm)
    clock.advance(10)
    expect(rung).toEqual([10, 20])
  })

  test('lets a process that was held up first see what has come meanwhile, and then waits no more', () => {
    const real = new VirtualClock()
    let heldUp = 0
    const clock: Clock = { now: () => real.now() + heldUp, schedule: (callback, delay) => real.schedule(callback, delay) }
    const deadlines = new Deadlines(clock)
    const rung: string[] = []
    const silent = new Alarm(() => rung.push(`silent ${clock.now()}`))
    const heard = new Alarm(() => rung.push(`heard ${clock.now()}`))
    deadlines.add(silent, 100)
    deadlines.add(heard, 100)
    heldUp = 400
    real.advance(100)
    // At 500, 400 late.
    deadlines.remove(heard)
    deadlines.add(heard, 600)
    real.advance(399)
    expect(rung).toEqual([])
    heldUp = 1000
    real.advance(1)
    expect(rung).toEqual(['silent 1500', 'heard 1500'])
    expect(real.pending).toBe(0)
  })

  test('takes another one from within a call, an earlier one than it waits for too', () => {
    const { clock, deadlines, rung, add } = setUp()
    add(100)
    deadlines.add(new Alarm(() => void add(30)), 20)
    clock.advance(30)
    expect(rung).toEqual([30])
  })

  test('calls the others at their time where one of them throws', () => {
    const { clock, deadlines, rung, add } = setUp()
    const fail = new Alarm(() => {
      throw new Error('mine')
    })
    deadlines.add(fail, 10)
    add(20)
    expect(() => clock.advance(10)).toThrow('mine')
    clock.advance(10)
    expect(rung).toEqual([20])
  })

  test('are the same for all that go by one clock', () => {
    const clock = new VirtualClock()
    expect(deadlinesOf(clock)).toBe(deadlinesOf(clock))
    expect(deadlinesOf(clock)).not.toBe(deadlinesOf(new VirtualClock()))
  })
})
