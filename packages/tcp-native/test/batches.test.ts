import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Binding } from '../src/binding.ts'
import { AGAIN, Poller, READABLE } from '../src/index.ts'

/** The C side, whose sockets are ready when the test says so. */
class FakeBinding {
  readonly closed: number[] = []
  /** Descriptors that are free, the next one last. */
  readonly free: number[] = [9, 8, 7, 6, 5]
  #ready: Int32Array = new Int32Array(0)
  #onReady: (count: number) => void = () => {}

  readonly binding: Binding = {
    mostReady: 4,
    setup: (ready: Int32Array, onReady: (count: number) => void) => {
      this.#ready = ready
      this.#onReady = onReady
      return 0
    },
    accept: () => this.free.pop() ?? AGAIN,
    close: (descriptor: number) => {
      this.closed.push(descriptor)
      this.free.push(descriptor)
      return 0
    },
  } as unknown as Binding

  tell(...descriptors: number[]): void {
    for (const [i, descriptor] of descriptors.entries()) this.#ready.set([descriptor, READABLE], 2 * i)
    this.#onReady(descriptors.length)
  }
}

function create() {
  const fake = new FakeBinding()
  return { fake, poller: new Poller(fake.binding) }
}

const accept = (poller: Poller, onReady: (events: number) => void = () => {}): number => {
  const descriptor = poller.accept(3, { noDelay: true })
  poller.attach(descriptor, { onReady })
  return descriptor
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a batch', () => {
  test('is counted, and is what its sockets are told in', () => {
    const { fake, poller } = create()
    const told: unknown[] = []
    const tell = (name: string) => (events: number): void => void told.push([name, events, poller.batch, poller.delivering])
    const [a, b] = [accept(poller, tell('a')), accept(poller, tell('b'))]
    expect([poller.batch, poller.delivering]).toEqual([0, false])
    fake.tell(a, b)
    expect([poller.batch, poller.delivering]).toEqual([1, false])
    fake.tell(b)
    expect(told).toEqual([['a', READABLE, 1, true], ['b', READABLE, 1, true], ['b', READABLE, 2, true]])
  })

  test('goes on behind a listener that throws, and the process is told of its error later', () => {
    const { fake, poller } = create()
    const later: unknown[] = []
    vi.spyOn(process, 'nextTick').mockImplementation((callback: unknown) => void later.push(callback))
    const error = new Error('from a listener')
    const told = vi.fn()
    const bad = accept(poller, () => {
      throw error
    })
    fake.tell(bad, accept(poller, told))
    expect(told).toHaveBeenCalledOnce()
    expect(poller.delivering).toBe(false)
    expect(later).toHaveLength(1)
    expect(later[0]).toThrow(error)
  })

  test('tells nothing of a socket that another listener has closed in it', () => {
    const { fake, poller } = create()
    const told = vi.fn()
    const closer = accept(poller, () => poller.close(victim, false))
    const victim = accept(poller, told)
    fake.tell(closer, victim)
    expect(told).not.toHaveBeenCalled()
    expect(fake.closed).toEqual([victim])
    expect(poller.size).toBe(1)
  })

  test('tells the next owner of a descriptor that is used again in it', () => {
    const { fake, poller } = create()
    const [before, after] = [vi.fn(), vi.fn()]
    const closer = accept(poller, () => {
      poller.close(victim, false)
      expect(accept(poller, after)).toBe(victim)
    })
    const victim = accept(poller, before)
    fake.tell(closer, victim)
    expect(before).not.toHaveBeenCalled()
    expect(after).toHaveBeenCalledOnce()
  })

  test('passes over a socket whose listener is still to be set', () => {
    const { fake, poller } = create()
    const descriptor = poller.accept(3, { noDelay: true })
    fake.tell(descriptor)
    expect([poller.batch, poller.size]).toEqual([1, 1])
  })
})

test('counts no socket that there is none for', () => {
  const { fake, poller } = create()
  fake.free.length = 0
  expect(poller.accept(3, { noDelay: true })).toBe(AGAIN)
  expect(poller.size).toBe(0)
})

test('says why the binary refuses', () => {
  const refusing = { mostReady: 4, setup: () => -22 } as unknown as Binding
  expect(() => new Poller(refusing)).toThrow(/EINVAL/)
})
