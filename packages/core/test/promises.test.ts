import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { deferred, unlessAborted } from '../src/connection/promises.ts'

describe('unlessAborted', () => {
  test('is the promise itself where there is no signal', () => {
    const { promise } = deferred<number>()
    expect(unlessAborted(promise, undefined)).toBe(promise)
  })

  test('gives what the promise gives, and its rejection, and leaves no listener', async () => {
    const { signal } = new AbortController()
    const reason = new RangeError('no')
    expect(await unlessAborted(Promise.resolve(5), signal)).toBe(5)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await expect(unlessAborted(Promise.reject(reason), signal)).rejects.toBe(reason)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('rejects with signal.reason as soon as it is aborted, also if that was before', async () => {
    const controller = new AbortController()
    const reason = new RangeError('enough')
    const { promise } = deferred<number>()
    const waiting = unlessAborted(promise, controller.signal)
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(unlessAborted(promise, controller.signal)).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('takes care of a promise that rejects after it was aborted', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    const controller = new AbortController()
    const late = deferred<number>()
    const waiting = unlessAborted(late.promise, controller.signal)
    controller.abort()
    const other = deferred<number>()
    const before = unlessAborted(other.promise, controller.signal)
    late.reject(new RangeError('late'))
    other.reject(new RangeError('late'))
    await expect(waiting).rejects.toBe(controller.signal.reason)
    await expect(before).rejects.toBe(controller.signal.reason)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
