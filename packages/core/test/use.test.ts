import { describe, expect, test } from 'vitest'
import {
  buildPipeline,
  CLOCK,
  createContainer,
  inject,
  injectable,
  InvalidOptionError,
  LOGGER,
  type Logger,
  pipeline,
  type Plugin,
  PLUGIN_OPTIONS,
  PluginBuildError,
  type PluginDescription,
  type Stages,
  token,
  use,
} from '../src/index.ts'
import { embed, recordingLogger } from '../src/testing/index.ts'
import { encode, textOf } from './support/plugins.ts'

type Bytes = Uint8Array
type BytesPlugin = Plugin<Bytes, Bytes, Bytes, Bytes>

@injectable()
class Suffix implements BytesPlugin {
  static readonly description: PluginDescription & { readonly produces: 'bytes' } = {
    name: 'suffix',
    help: 'puts a text behind each chunk',
    options: { text: { type: 'string', default: '!', help: 'the text' } },
    accepts: 'bytes',
    produces: 'bytes',
  }

  readonly name = 'suffix'
  readonly #text: string
  readonly #logger: Logger

  constructor(@inject(PLUGIN_OPTIONS) { text }: { text: string }, @inject(LOGGER) logger: Logger) {
    this.#text = text
    this.#logger = logger
  }

  open(): Stages<Bytes, Bytes, Bytes, Bytes> {
    this.#logger.debug({}, 'opened')
    return { inbound: { push: (chunk, emit) => emit(encode(textOf([chunk]) + this.#text)) } }
  }
}

const bytes = { open: (): Stages<Bytes, Bytes, Bytes, Bytes> => ({}) }
const codeOf = (make: () => unknown): string => {
  try {
    make()
    return 'nothing'
  } catch (error) {
    expect(error).toBeInstanceOf(PluginBuildError)
    return (error as Error).message
  }
}

describe('use', () => {
  test('builds a class with its options and services, and calls its methods as methods', () => {
    const container = createContainer()
    const logger = recordingLogger()
    container.register(LOGGER, { useValue: logger })
    const embedded = embed(use(Suffix, { text: '?' }), { container })
    embedded.writeInbound(encode('a'))
    expect(textOf(embedded.inbound)).toBe('a?')
    expect(logger.lines).toHaveLength(1)
  })

  test('checks the options of a class that describes them, and fills in defaults', () => {
    expect(use(Suffix).options).toEqual({ text: '!' })
    expect(() => use(Suffix, { text: 5 })).toThrow(InvalidOptionError)
    expect(() => use(Suffix, { txt: 'x' })).toThrow(InvalidOptionError)
  })

  test('gives a class without a description its options as they are, frozen, and a name made of its own', () => {
    let seen: unknown
    @injectable()
    class LineCodec implements BytesPlugin {
      readonly name = ''
      constructor(@inject(PLUGIN_OPTIONS) options: unknown) {
        seen = options
      }
      open(): Stages<Bytes, Bytes, Bytes, Bytes> {
        return {}
      }
    }
    const given = { any: 'thing' }
    const configured = use(LineCodec, given)
    expect(configured.description).toMatchObject({ name: 'line-codec', accepts: 'any', produces: 'bytes' })
    embed(configured)
    expect(seen).toEqual(given)
    expect(Object.isFrozen(seen)).toBe(true)
    expect(Object.isFrozen(given)).toBe(false)
  })

  test('two of one class have each their own options', () => {
    const embedded = embed(pipeline(use(Suffix, { text: '1' }), use(Suffix, { text: '2' })))
    embedded.writeInbound(encode('a'))
    expect(textOf(embedded.inbound)).toBe('a12')
  })

  test('refuses a description that is none, and names what is wrong with it', () => {
    class Shifted extends Suffix {
      static override readonly description = {
        ...Suffix.description,
        options: { by: { type: 'integer', range: [0, 7], default: 8, help: 'bits' } },
      } as const satisfies PluginDescription
    }
    expect(() => use(Shifted)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_INVALID_OPTION', option: 'suffix.options.by.default' }),
    )
  })

  test('leaves alone what a class says of itself beside its description', () => {
    class Versioned extends Suffix {
      static override readonly description = { ...Suffix.description, version: 2 }
    }
    expect(use(Versioned, { text: '?' }).description).toMatchObject({ name: 'suffix', version: 2 })
  })

  test('refuses what is no class', () => {
    expect(() => use({} as never)).toThrow(InvalidOptionError)
  })
})

describe('building a class', () => {
  test('refuses a parameter without a token, which would silently be undefined', () => {
    @injectable()
    class Forgetful implements BytesPlugin {
      readonly name = 'forgetful'
      readonly open = bytes.open
      constructor(_clock: unknown, @inject(LOGGER) _logger: Logger) {}
    }
    expect(codeOf(() => embed(use(Forgetful)))).toContain('parameter 1 of the constructor of Forgetful')
  })

  test('refuses a token for which nothing is registered', () => {
    const NOBODY = token<string>('test/nobody')
    @injectable()
    class Asking implements BytesPlugin {
      readonly name = 'asking'
      readonly open = bytes.open
      constructor(@inject(NOBODY) _nobody: string) {}
    }
    expect(codeOf(() => embed(use(Asking)))).toContain('test/nobody')
  })

  test('refuses services that need each other in a circle, and names the circle', () => {
    class First {}
    class Second {}
    inject(Second)(First, undefined, 0)
    inject(First)(Second, undefined, 0)
    Object.defineProperty(First, 'length', { value: 1 })
    Object.defineProperty(Second, 'length', { value: 1 })
    injectable()(First)
    injectable()(Second)
    @injectable()
    class Circular implements BytesPlugin {
      readonly name = 'circular'
      readonly open = bytes.open
      constructor(@inject(First) _first: First) {}
    }
    expect(codeOf(() => embed(use(Circular)))).toContain('First -> Second -> First')
  })

  test.each([[new RangeError('no')], [undefined], ['text']])('refuses a constructor that throws %s', (thrown) => {
    @injectable()
    class Failing implements BytesPlugin {
      readonly name = 'failing'
      readonly open = bytes.open
      constructor() {
        throw thrown
      }
    }
    expect(() => embed(use(Failing))).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_PLUGIN_BUILD', plugin: 'failing', cause: thrown }),
    )
  })

  test('refuses an instance that has no open', () => {
    @injectable()
    class Closed {
      readonly name = 'closed'
    }
    expect(codeOf(() => embed(use(Closed as never)))).toContain('open')
  })

  test('builds services of classes that are not registered, with their own services', () => {
    @injectable()
    class Directory {
      readonly clock: { now(): number }
      constructor(@inject(CLOCK) clock: { now(): number }) {
        this.clock = clock
      }
    }
    let seen: Directory | undefined
    @injectable()
    class Reading implements BytesPlugin {
      readonly name = 'reading'
      readonly open = bytes.open
      constructor(@inject(Directory) directory: Directory) {
        seen = directory
      }
    }
    const embedded = embed(use(Reading))
    expect(seen?.clock).toBe(embedded.clock)
  })

  test('happens once for a pipeline, however many connections there are', () => {
    let built = 0
    @injectable()
    class Counted implements BytesPlugin {
      readonly name = 'counted'
      readonly open = bytes.open
      constructor() {
        built++
      }
    }
    const { plugins } = buildPipeline(pipeline(use(Counted)))
    for (let i = 0; i < 3; i++) plugins[0]?.open({} as never)
    expect(built).toBe(1)
  })

  test('shares between two containers only what their parent holds', () => {
    const SHARED = token<object>('test/shared')
    const seen: unknown[] = []
    @injectable()
    class Sharing implements BytesPlugin {
      readonly name = 'sharing'
      readonly open = bytes.open
      constructor(@inject(SHARED) shared: object) {
        seen.push(shared)
      }
    }
    const [one, other] = [createContainer(), createContainer()]
    one.register(SHARED, { useValue: { of: 'one' } })
    other.register(SHARED, { useValue: { of: 'other' } })
    for (const container of [one, other, one]) use(Sharing).build(container)
    expect(seen[0]).toBe(seen[2])
    expect(seen[0]).not.toBe(seen[1])
  })
})
