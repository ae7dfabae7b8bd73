import { describe, expect, test } from 'vitest'
import { definePlugin, InvalidPipelineError, pipeline, type PluginContext } from '../src/index.ts'
import { embed } from '../src/testing/index.ts'
import { encode, lines, staged } from './support/plugins.ts'

/** Writes down what it sees in order. */
function watcher(seen: string[], name = 'watcher'): ReturnType<typeof staged> {
  return staged(name, (context) => {
    context.watchFrames(() => void seen.push(name))
    return {}
  })
}

describe('watchFrames', () => {
  test('tells of each frame of the first framer after the plugin, just before it goes on', () => {
    const seen: string[] = []
    const after = definePlugin<string, string, string, string, Record<never, never>, Record<never, never>, 'message'>({
      name: 'after',
      accepts: 'message',
      produces: 'message',
      open: () => ({ inbound: { push: (line, emit) => (seen.push(line), emit(line), emit(line)) } }),
    })
    const embedded = embed(pipeline(watcher(seen, 'one'), watcher(seen, 'two'), lines(), after()))
    embedded.writeInbound(encode('a\nb'), encode('\n'))
    expect(seen).toEqual(['one', 'two', 'a', 'one', 'two', 'b'])
    expect(embedded.inbound).toEqual(['a', 'a', 'b', 'b'])
  })

  test('tells of frames of a framer behind a gate too', () => {
    const seen: string[] = []
    const gate = staged('gate', ({ proceed }) => ({ inbound: { push: (chunk, emit) => (proceed(), emit(chunk)) } }), { gates: true })
    const embedded = embed(pipeline(watcher(seen), gate, lines()))
    embedded.writeInbound(encode('a\n'), encode('b\n'))
    expect([seen.length, embedded.inbound]).toEqual([2, ['a', 'b']])
  })

  test('tells of what a framer emits from beside itself', () => {
    const seen: string[] = []
    const alarm = definePlugin<Uint8Array, string, string, Uint8Array, Record<never, never>, Record<never, never>, 'message'>({
      name: 'alarm',
      produces: 'message',
      open: ({ clock, emitInbound }) => (clock.schedule(() => emitInbound('ring'), 5), { inbound: { push: () => {} }, outbound: { push: () => {} } }),
    })
    const embedded = embed(pipeline(watcher(seen), alarm()))
    embedded.clock.advance(5)
    expect([seen, embedded.inbound]).toEqual([['watcher'], ['ring']])
  })

  test('fails the plugin whose callback throws', () => {
    const bad = staged('bad', ({ watchFrames }) => (watchFrames(() => { throw new RangeError('no') }), {}))
    const embedded = embed(pipeline(bad, lines()))
    embedded.writeInbound(encode('a\n'))
    expect(embedded.error).toMatchObject({ plugin: 'bad', cause: expect.any(RangeError) as unknown })
  })

  test('is refused once open has returned, and to a plugin by itself', async () => {
    let context: PluginContext | undefined
    const late = staged('late', (given) => ((context = given), {}))
    embed(pipeline(late, lines()))
    expect(() => context?.watchFrames(() => {})).toThrow(InvalidPipelineError)
    const alone = watcher([]).transform([encode('a')])
    await expect(async () => { for await (const _ of alone); }).rejects.toMatchObject({ cause: expect.any(InvalidPipelineError) as unknown })
  })
})

test('readingSince is when the last hold ended, and undefined while there is one', () => {
  let context!: PluginContext
  const embedded = embed(staged('look', (given) => ((context = given), {})))
  expect(context.readingSince).toBe(-Infinity)
  embedded.clock.advance(5)
  const [first, second] = [context.hold(), context.hold()]
  embedded.clock.advance(5)
  first()
  expect(context.readingSince).toBeUndefined()
  second()
  embedded.clock.advance(5)
  expect(context.readingSince).toBe(10)
})
