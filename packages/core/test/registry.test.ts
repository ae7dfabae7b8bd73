import { describe, expect, test } from 'vitest'
import {
  definePlugin,
  injectable,
  InvalidOptionError,
  InvalidPipelineError,
  type Plugin,
  PluginRegistry,
  UnknownPluginError,
} from '../src/index.ts'

const isFunction = (value: unknown): value is () => void => typeof value === 'function'

const chunker = definePlugin({
  name: 'chunker',
  options: {
    size: { type: 'integer', range: [1, 100], default: 16, help: 'bytes' },
    flag: { type: 'boolean', default: false, help: 'a flag' },
    callback: { type: 'code', expected: 'a function', check: isFunction, help: 'code' },
  },
  primary: 'size',
  open: () => ({}),
})
const uppercaser = definePlugin({ name: 'uppercaser', open: () => ({}) })

@injectable()
class LineCodec implements Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  readonly name = 'line-codec'
  open(): object {
    return {}
  }
}

const registry = new PluginRegistry([chunker, uppercaser, LineCodec as never])

describe('PluginRegistry', () => {
  test('knows its plugins in the order they were added', () => {
    expect(registry.descriptions.map(({ name }) => name)).toEqual(['chunker', 'uppercaser', 'line-codec'])
  })

  test('configures one from text: its primary option, or options by name', () => {
    expect(registry.configure({ name: 'chunker', pairs: [] }).options).toEqual({ size: 16, flag: false })
    expect(registry.configure({ name: 'chunker', value: '8', pairs: [] }).options).toEqual({ size: 8, flag: false })
    const pairs = [['size', '8'], ['flag', 'true']] as const
    expect(registry.configure({ name: 'chunker', pairs }).options).toEqual({ size: 8, flag: true })
    expect(registry.configure({ name: 'line-codec', pairs: [] }).description.name).toBe('line-codec')
  })

  test('suggests the name that was meant', () => {
    expect(() => registry.configure({ name: 'upercaser', pairs: [] })).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_UNKNOWN_PLUGIN', plugin: 'upercaser', suggestion: 'uppercaser' }),
    )
    expect(() => registry.configure({ name: 'xyz', pairs: [] })).toThrow(
      expect.objectContaining({ suggestion: undefined }),
    )
    expect(() => registry.configure({ name: 'upercaser', pairs: [] })).toThrow(UnknownPluginError)
  })

  test.each([
    ['a value that is none', { value: 'x', pairs: [] }, 'chunker.size'],
    ['a value out of range', { value: '101', pairs: [] }, 'chunker.size'],
    ['an empty value', { value: '', pairs: [] }, 'chunker.size'],
    ['an unknown option', { pairs: [['siez', '8']] }, 'chunker.siez'],
    ['an option that every object has', { pairs: [['constructor', '8']] }, 'chunker.constructor'],
    ['an option given twice', { pairs: [['size', '8'], ['size', '9']] }, 'chunker.size'],
    ['the primary one twice', { value: '8', pairs: [['size', '9']] }, 'chunker.size'],
    ['an option for code only', { pairs: [['callback', 'f']] }, 'chunker.callback'],
  ] as const)('refuses %s', (_, text, option) => {
    expect(() => registry.configure({ name: 'chunker', ...text })).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_INVALID_OPTION', option }),
    )
  })

  test('refuses a value behind the colon where there is no primary option', () => {
    expect(() => registry.configure({ name: 'uppercaser', value: '8', pairs: [] })).toThrow(InvalidOptionError)
  })

  test('refuses a second plugin of a name', () => {
    expect(() => new PluginRegistry([chunker, chunker])).toThrow(InvalidPipelineError)
  })

  test.each([
    ['a configured plugin', chunker()],
    ['null', null],
    ['a function', () => {}],
    ['a class without open', class {}],
  ])(
    'refuses %s',
    (_, plugin) => {
      expect(() => new PluginRegistry([plugin as never])).toThrow(InvalidOptionError)
    },
  )
})
