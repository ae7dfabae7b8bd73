import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  createContainer,
  definePlugin,
  InvalidOptionError,
  LOGGER,
  type Logger,
  pipeline,
  PluginBuildError,
  token,
} from '../src/index.ts'
import { embed, recordingLogger } from '../src/testing/index.ts'
import { echo, encode, textOf } from './support/plugins.ts'

const prefix = definePlugin({
  name: 'prefix',
  help: 'puts a text before each chunk',
  options: {
    text: { type: 'string', default: '>', help: 'the text' },
    times: { type: 'integer', range: [1, 3], default: 1, help: 'how often' },
    limit: { type: 'number', range: [0, 1], help: 'has no default' },
  },
  primary: 'text',
  open: (_context, options) => {
    expectTypeOf(options.text).toEqualTypeOf<string>()
    expectTypeOf(options.times).toEqualTypeOf<number>()
    expectTypeOf(options.limit).toEqualTypeOf<number | undefined>()
    const { text, times } = options
    return { inbound: { push: (chunk: Uint8Array, emit) => emit(encode(text.repeat(times) + textOf([chunk]))) } }
  },
})

const answerOf = (configured: ReturnType<typeof prefix>): string => {
  const embedded = embed(pipeline(configured, echo()))
  embedded.writeInbound(encode('a'))
  return textOf(embedded.outbound)
}

describe('definePlugin', () => {
  test('makes a factory that fills in the defaults, and knows its description', () => {
    expect(answerOf(prefix())).toBe('>a')
    expect(answerOf(prefix({ text: '-', times: 2 }))).toBe('--a')
    expect(prefix.description).toMatchObject({
      name: 'prefix',
      help: 'puts a text before each chunk',
      primary: 'text',
      accepts: 'bytes',
      produces: 'bytes',
    })
    expect(prefix().description).toBe(prefix.description)
  })

  test('leaves the object of its caller alone, and freezes what it makes of it', () => {
    const given = { text: '-' }
    const configured = prefix(given)
    expect(given).toEqual({ text: '-' })
    expect(configured.options).toEqual({ text: '-', times: 1 })
    expect(Object.isFrozen(configured.options)).toBe(true)
    expect(Object.isFrozen(configured)).toBe(true)
  })

  test.each([
    [{ times: 0 }, 'prefix.times'],
    [{ times: '2' }, 'prefix.times'],
    [{ txet: 'x' }, 'prefix.txet'],
    [{ text: 5 }, 'prefix.text'],
    [[], 'prefix options'],
    ['text', 'prefix options'],
  ])('refuses options %j, at once', (options, option) => {
    expect(() => prefix(options as never)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_INVALID_OPTION', option }),
    )
  })

  test.each([
    ['no object', undefined],
    ['a name with capitals', { name: 'Prefix', open: () => ({}) }],
    ['no name', { open: () => ({}) }],
    ['no open', { name: 'prefix' }],
    ['a primary that is none of its options', { name: 'prefix', primary: 'text', open: () => ({}) }],
  ])('refuses a definition with %s', (_, definition) => {
    expect(() => definePlugin(definition as never)).toThrow(InvalidOptionError)
  })

  test.each([
    ['a misspelt member', { perDatgram: true }, 'prefix.perDatgram'],
    ['a kind that there is not', { produces: 'byte' }, 'prefix.produces'],
    ['options that are a list', { options: [] }, 'prefix.options'],
    ['an option that is no description', { options: { size: 3 } }, 'prefix.options.size'],
    ['an option of a type that there is not', { options: { size: { type: 'int', help: '' } } }, 'prefix.options.size.type'],
    ['a number without a range', { options: { size: { type: 'integer', help: '' } } }, 'prefix.options.size.range'],
    ['a range that is upside down', { options: { size: { type: 'number', range: [3, 0], help: '' } } }, 'prefix.options.size.range'],
    ['a default out of range', { options: { size: { type: 'number', range: [0, 3], default: 9, help: '' } } }, 'prefix.options.size.default'],
    ['code that nothing checks', { options: { to: { type: 'code', expected: 'a function', help: '' } } }, 'prefix.options.to.check'],
    ['serve, and no word that nothing comes out', { serve: async () => {} }, 'prefix.produces'],
  ])('refuses a definition with %s, and names it', (_, members, option) => {
    const definition = { name: 'prefix', open: () => ({}), ...members }
    expect(() => definePlugin(definition as never)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_INVALID_OPTION', option }),
    )
  })

  test('makes a handler with serve', async () => {
    const repeat = definePlugin({
      name: 'repeat',
      produces: 'nothing',
      open: () => ({}),
      serve: async (connection) => {
        for await (const chunk of connection) connection.write(chunk)
      },
    })
    const embedded = embed(pipeline(repeat()))
    embedded.writeInbound(encode('a'))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a')
  })

  test('gives open the services it asks for, by the names it calls them', () => {
    const GREETING = token<string>('test/greeting')
    const greeter = definePlugin({
      name: 'greeter',
      inject: { log: LOGGER, greeting: GREETING },
      open: (_context, _options, services) => {
        expectTypeOf(services.log).toEqualTypeOf<Logger>()
        expectTypeOf(services.greeting).toEqualTypeOf<string>()
        services.log.info({}, services.greeting)
        return {}
      },
    })
    const container = createContainer()
    const logger = recordingLogger()
    container.register(LOGGER, { useValue: logger })
    container.register(GREETING, { useValue: 'hello' })
    embed(greeter(), { container })
    expect(logger.lines.map(({ message }) => message)).toEqual(['hello'])
  })

  test('refuses to be built where a service is missing, or cannot be made', () => {
    const MISSING = token<string>('test/missing')
    const asking = definePlugin({ name: 'asking', inject: { it: MISSING }, open: () => ({}) })
    expect(() => embed(asking())).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_PLUGIN_BUILD', plugin: 'asking' }),
    )
    const container = createContainer()
    const cause = new RangeError('no')
    container.register(MISSING, {
      useFactory: () => {
        throw cause
      },
    })
    expect(() => embed(asking(), { container })).toThrow(PluginBuildError)
  })

  test('resolves services when it is built, not for each connection', () => {
    let made = 0
    const COUNTED = token<number>('test/counted')
    const container = createContainer()
    container.register(COUNTED, { useFactory: () => ++made })
    const counted = definePlugin({ name: 'counted', inject: { it: COUNTED }, open: () => ({}) })
    const plugin = counted().build(container)
    plugin.open({} as never)
    plugin.open({} as never)
    expect(made).toBe(1)
  })
})
