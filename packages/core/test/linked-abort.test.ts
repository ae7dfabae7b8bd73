import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { definePlugin, pipeline } from '../src/index.ts'
import { LinkedAbort } from '../src/pipeline/linked-abort.ts'
import { embed } from '../src/testing/index.ts'

test('aborts when its source does, for the same reason', () => {
  const source = new AbortController()
  const linked = new LinkedAbort(source.signal)
  expect(linked.signal.aborted).toBe(false)
  const reason = new Error('draining')
  source.abort(reason)
  expect(linked.signal.reason).toBe(reason)
  expect(new LinkedAbort(source.signal).signal.reason).toBe(reason)
})

test('cut loose, does not abort, and leaves nothing behind on its source', () => {
  const source = new AbortController()
  const linked = new LinkedAbort(source.signal)
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(1)
  linked.cut()
  linked.cut()
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(0)
  source.abort()
  expect(linked.signal.aborted).toBe(false)
})

test('the draining of a connection is one signal, and lets go of the server’s with it', () => {
  const signals: AbortSignal[] = []
  const listener = definePlugin({
    name: 'listener',
    open: (context) => {
      signals.push(context.draining, context.draining)
      return { close: () => void signals.push(context.draining) }
    },
  })
  const gone = embed(pipeline(listener()))
  gone.abort()
  gone.beginDraining()
  expect(new Set(signals).size).toBe(1)
  expect(signals).toHaveLength(3)
  expect(signals[0]?.aborted).toBe(false)

  const here = embed(pipeline(listener()))
  here.beginDraining()
  expect(signals.at(-1)?.aborted).toBe(true)
})
