import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { NativePackage } from '../src/index.ts'
import { deferred } from '../src/connection/promises.ts'

const NAME = '@millrace/tcp-native'

/** What Node says of an import that finds no package. */
const notFound = (name: string): Error =>
  Object.assign(new Error(`Cannot find package '${name}' imported from /there/choose.js`), { code: 'ERR_MODULE_NOT_FOUND' })

const failing = (error: unknown): NativePackage<{ loadNative(): unknown }> => new NativePackage(NAME, () => Promise.reject(error as Error))

describe('a native package', () => {
  test('is asked for when it is needed, once, and its binary loaded with it', async () => {
    const module = { loadNative: vi.fn() }
    const load = vi.fn(() => Promise.resolve(module))
    const native = new NativePackage(NAME, load)
    expect(load).not.toHaveBeenCalled()
    const [first, second] = await Promise.all([native.get(), native.get()])
    expect(first).toEqual({ module })
    expect(second).toBe(first)
    expect(await native.get()).toBe(first)
    expect(load).toHaveBeenCalledOnce()
    expect(module.loadNative).toHaveBeenCalledOnce()
  })

  test('that is not installed is said to be that, and is not asked for again', async () => {
    const load = vi.fn(() => Promise.reject(notFound(NAME)))
    const native = new NativePackage(NAME, load)
    expect(await native.get()).toEqual({ reason: `${NAME} is not installed` })
    expect(await native.get()).toEqual({ reason: `${NAME} is not installed` })
    expect(load).toHaveBeenCalledOnce()
  })

  test('that lacks a package of its own says which', async () => {
    expect(await failing(notFound('other')).get()).toEqual({ reason: notFound('other').message })
  })

  test('whose binary does not load says why, in one line', async () => {
    const loadNative = (): never => {
      throw new Error('there is no binary for linux-pdp11\n    at dlopen')
    }
    const native = new NativePackage(NAME, () => Promise.resolve({ loadNative }))
    expect(await native.get()).toEqual({ reason: 'there is no binary for linux-pdp11' })
  })

  test('that fails with no error is told of in its words', async () => {
    expect(await failing('no').get()).toEqual({ reason: 'no' })
  })

  test('goes on being loaded for the next one where a signal ends the wait', async () => {
    const controller = new AbortController()
    const reason = new RangeError('enough')
    const loading = deferred<{ loadNative(): void }>()
    const load = vi.fn(() => loading.promise)
    const native = new NativePackage(NAME, load)
    const waiting = native.get(controller.signal)
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(native.get(controller.signal)).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    const module = { loadNative() {} }
    loading.resolve(module)
    expect(await native.get()).toEqual({ module })
    expect(load).toHaveBeenCalledOnce()
  })
})
