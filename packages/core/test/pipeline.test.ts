import { describe, expect, test } from 'vitest'
import { composePipeline, definePlugin, handle, InvalidPipelineError, isPipeline, pipeline, use } from '../src/index.ts'
import { buildClientPipeline } from '../src/pipeline/run-client.ts'
import { echo, lines, tag } from './support/plugins.ts'

const framer = definePlugin({ name: 'framer', produces: 'frame', open: () => ({}) })
const frameCodec = definePlugin({ name: 'frame-codec', accepts: 'frame', produces: 'message', open: () => ({}) })
const any = definePlugin({ name: 'any', accepts: 'any', produces: 'same', open: () => ({}) })
const messages = definePlugin({ name: 'messages', accepts: 'message', produces: 'message', open: () => ({}) })

const compose = (...plugins: unknown[]): unknown => composePipeline(plugins as never)

describe('pipeline', () => {
  test('is a frozen list, and knows whether a handler is at its end', () => {
    const shout = pipeline(tag('a'), echo())
    expect(shout.plugins.map(({ description }) => description.name)).toEqual(['a', 'echo'])
    const served = [shout, pipeline(tag('a')), pipeline(), pipeline(handle(() => {}))].map(({ serves }) => serves)
    expect(served).toEqual([true, false, false, true])
    expect(Object.isFrozen(shout) && Object.isFrozen(shout.plugins)).toBe(true)
  })

  test.each([
    ['bytes to bytes', [tag('a'), tag('b')]],
    ['bytes to frames', [framer()]],
    ['frames to a codec of frames', [framer(), frameCodec(), messages()]],
    ['frames to bytes, which they are', [framer(), tag('a')]],
    ['anything to any', [any(), framer(), any(), frameCodec(), any(), messages(), echo()]],
    ['the kind before one that passes it on', [framer(), any(), frameCodec()]],
  ])('lets %s', (_, plugins) => {
    expect(isPipeline(compose(...plugins))).toBe(true)
  })

  test.each([
    ['chunks to a codec of frames', [frameCodec()]],
    ['chunks to a codec of frames behind one that passes on', [any(), frameCodec()]],
    ['messages to one of bytes', [lines(), tag('a')]],
    ['frames to one of messages', [framer(), messages()]],
    ['bytes to one of messages', [messages()]],
    ['anything behind a handler', [echo(), tag('a')]],
    ['two handlers', [echo(), echo()]],
  ])('refuses %s', (_, plugins) => {
    expect(() => compose(...plugins)).toThrow(InvalidPipelineError)
  })

  test.each([
    ['a factory that was not called', tag, /plugin 2 .*call it/],
    ['a class', class {}, /plugin 2 .*use\(\)/],
    ['an object that looks alike', { description: tag('a').description, build: () => ({}) }, /plugin 2/],
    ['null', null, /plugin 2/],
    ['text', 'echo', /plugin 2/],
  ])('refuses %s, and says which and what to do', (_, plugin, message) => {
    expect(() => compose(tag('a'), plugin)).toThrow(message)
    expect(() => compose(tag('a'), plugin)).toThrow(InvalidPipelineError)
  })

  test('is told from what looks alike', () => {
    expect([pipeline(), { plugins: [], serves: true }, null, 'x'].map(isPipeline)).toEqual([true, false, false, false])
  })

  test('names the joint that does not fit', () => {
    expect(() => compose(lines(), tag('a'))).toThrow('"a" takes bytes, but "lines" gives message')
    expect(() => compose(messages())).toThrow('"messages" takes message, but the connection gives bytes')
  })

  test('takes a class that describes nothing for one that takes anything', () => {
    class Plain {
      readonly name = 'plain'
      open(): object {
        return {}
      }
    }
    expect(isPipeline(compose(lines(), use(Plain as never)))).toBe(true)
  })
})

test('a client is refused a pipeline with a handler', () => {
  expect(() => buildClientPipeline(pipeline(echo()))).toThrow(InvalidPipelineError)
})
