import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../src/index.ts'
import { VirtualClock } from '../src/testing/index.ts'

describe('VirtualClock', () => {
  test('stands still by itself', () => {
    const clock = new VirtualClock()
    clock.schedule(() => expect.unreachable(), 1)
    expect(clock.now()).toBe(0)
    expect(clock.pending).toBe(1)
  })

  test('makes what falls due in order of time, and of scheduling where that is the same', () => {
    const clock = new VirtualClock()
    const calls: string[] = []
    for (const [name, delay] of [['b', 20], ['a', 10], ['c', 20], ['late', 31]] as const) {
      clock.schedule(() => calls.push(`${name}@${clock.now()}`), delay)
    }
    clock.advance(30)
    expect(calls).toEqual(['a@10', 'b@20', 'c@20'])
    expect(clock.now()).toBe(30)
    expect(clock.pending).toBe(1)
  })

  test('makes calls that callbacks schedule meanwhile, at their own time', () => {
    const clock = new VirtualClock()
    const times: number[] = []
    const again = (): void => {
      times.push(clock.now())
      clock.schedule(again, 10)
    }
    clock.schedule(again, 10)
    clock.advance(35)
    expect(times).toEqual([10, 20, 30])
  })

  test('lets a callback advance it further', () => {
    const clock = new VirtualClock()
    const times: number[] = []
    clock.schedule(() => clock.advance(100), 10)
    clock.schedule(() => times.push(clock.now()), 50)
    clock.advance(20)
    expect(times).toEqual([50])
    expect(clock.now()).toBe(110)
  })

  test('does not make a call that was cancelled, also by another callback, and cancelling twice is nothing', () => {
    const clock = new VirtualClock()
    const second = clock.schedule(() => expect.unreachable(), 20)
    clock.schedule(() => second.cancel(), 10)
    clock.advance(30)
    second.cancel()
    expect(clock.pending).toBe(0)
  })

  test('goes on after a callback that throws', () => {
    const clock = new VirtualClock()
    const calls: number[] = []
    clock.schedule(() => {
      throw new RangeError('boom')
    }, 10)
    clock.schedule(() => calls.push(clock.now()), 20)
    expect(() => clock.advance(30)).toThrow(RangeError)
    clock.advance(20)
    expect(calls).toEqual([20])
  })

  test('runAll makes every call, however late, and gives up on one that never ends', () => {
    const clock = new VirtualClock()
    clock.schedule(() => clock.schedule(() => {}, 1_000_000), 1_000_000)
    clock.runAll()
    expect(clock.now()).toBe(2_000_000)
    const forever = (): void => void clock.schedule(forever, 0)
    forever()
    expect(() => clock.runAll()).toThrow(/keeps scheduling itself/)
    expect(() => clock.advance(1)).toThrow(/keeps scheduling itself/)
  })

  test.each([-1, Number.NaN, 2 ** 31, Infinity])('refuses a delay of %d, which no real clock keeps', (delay) => {
    expect(() => new VirtualClock().schedule(() => {}, delay)).toThrow(InvalidOptionError)
  })

  test.each([-1, Number.NaN, Infinity])('refuses to advance by %d', (duration) => {
    expect(() => new VirtualClock().advance(duration)).toThrow(InvalidOptionError)
  })
})
