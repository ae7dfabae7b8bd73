import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { definePlugin, type Stages } from '../src/index.ts'
import { iterateStage, refusePromise, takeRejection } from '../src/pipeline/returned.ts'
import { embed } from '../src/testing/index.ts'

type ByteStages = Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array>
const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
process.on('unhandledRejection', note)
afterAll(() => void process.off('unhandledRejection', note))

describe('takeRejection', () => {
  test('tells a promise, of whatever make, from all else', () => {
    for (const other of [undefined, null, 1, 'then', {}, () => {}]) expect(takeRejection(other)).toBe(false)
    class Thenable extends Promise<void> {}
    for (const promise of [Promise.resolve(), Thenable.resolve()]) expect(takeRejection(promise)).toBe(true)
  })

  test('gives the rejection to whoever is named, and to nobody else', async () => {
    const reasons: unknown[] = []
    takeRejection(Promise.reject(new Error('a')), (reason) => reasons.push(reason))
    takeRejection(Promise.reject(new Error('b')))
    await turn()
    expect(reasons).toEqual([new Error('a')])
    expect(unhandled).toEqual([])
  })
})

test('refusePromise throws for a promise, and takes its rejection', async () => {
  expect(() => refusePromise(undefined, 'it')).not.toThrow()
  const refused = (): void => refusePromise(Promise.reject(new Error('a')), 'it')
  expect(refused).toThrow(new TypeError('it returned a promise: it must be synchronous'))
  await turn()
  expect(unhandled).toEqual([])
})

test('iterateStage refuses what is no generator', async () => {
  const stage = (async () => Promise.reject(new Error('a'))) as never
  expect(() => iterateStage(stage, [] as never)).toThrow(TypeError)
  await turn()
  expect(unhandled).toEqual([])
})

describe('an async function in the place of a synchronous one', () => {
  const plugin = (stages: object) => definePlugin({ name: 'it', open: () => stages as ByteStages })()

  test('fails its stage when it rejects, and only then', async () => {
    let fails = false
    const push = async (chunk: Uint8Array, emit: (chunk: Uint8Array) => void): Promise<void> => {
      emit(chunk)
      if (fails) throw new Error('late')
    }
    const embedded = embed(plugin({ inbound: { push } }))
    embedded.writeInbound(Uint8Array.of(1))
    await turn()
    expect(embedded.error).toBeUndefined()
    fails = true
    embedded.writeInbound(Uint8Array.of(2))
    await turn()
    expect(embedded.error).toMatchObject({ plugin: 'it', phase: 'push', cause: new Error('late') })
  })
})
