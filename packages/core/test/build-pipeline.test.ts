import { describe, expect, test } from 'vitest'
import { buildPipeline, definePlugin, InvalidPipelineError, pipeline, PluginBuildError, token } from '../src/index.ts'
import { echo, staged } from './support/plugins.ts'

const noting = (name: string, notes: string[], failure?: Error): ReturnType<typeof staged> =>
  staged(name, () => ({}), {
    dispose: async () => {
      await Promise.resolve()
      notes.push(name)
      if (failure) throw failure
    },
  })

describe('buildPipeline', () => {
  test('builds what several share: the last to let go disposes of it, in reverse order, each once', async () => {
    const notes: string[] = []
    const built = buildPipeline(pipeline(noting('a', notes), noting('b', notes), echo()))
    expect(built.serves).toBe(true)
    built.retain()
    built.retain()
    await built.release()
    expect(notes).toEqual([])
    await built.release()
    expect(notes).toEqual(['b', 'a'])
  })

  test('disposes of all although some fail, and tells every failure', async () => {
    const notes: string[] = []
    const failures = [new RangeError('a'), new TypeError('c')]
    const built = buildPipeline(
      pipeline(noting('a', notes, failures[0]), noting('b', notes), noting('c', notes, failures[1])),
    )
    built.retain()
    const error: unknown = await built.release().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors).toEqual(failures.toReversed())
    expect(notes).toEqual(['c', 'b', 'a'])
  })

  test('disposes of those that were built when a later one cannot be', async () => {
    const notes: string[] = []
    const broken = definePlugin({ name: 'broken', inject: { it: token('test/absent') }, open: () => ({}) })
    expect(() => buildPipeline(pipeline(noting('a', notes), broken()))).toThrow(PluginBuildError)
    await Promise.resolve()
    await Promise.resolve()
    expect(notes).toEqual(['a'])
  })

  test('refuses what pipeline did not make', () => {
    expect(() => buildPipeline({ plugins: [], serves: true } as never)).toThrow(InvalidPipelineError)
    expect(() => buildPipeline(null as never)).toThrow(InvalidPipelineError)
  })
})
