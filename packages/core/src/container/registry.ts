import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { InvalidPipelineError, UnknownPluginError } from '../errors/pipeline-errors.ts'
import { nearest } from '../options/nearest.ts'
import { readOptionText } from '../options/option-text.ts'
import type { AnyConfiguredPlugin } from './configure.ts'
import type { PluginDescription } from './plugin-description.ts'
import { describeClass, type PluginClass, use } from './use.ts'

/** What a registry takes: a plugin class, or what `definePlugin` returns. */
export type Registrable = PluginClass<never, never, never, never> | RegistrableFactory

interface RegistrableFactory {
  (options?: never): object
  readonly description: PluginDescription
}

/** A plugin as text names it: `chunker:16`, `chunker:size=16,...` taken apart. */
export interface PluginText {
  readonly name: string
  /** What stands behind the colon without a key: the primary option. */
  readonly value?: string
  readonly pairs: readonly (readonly [key: string, value: string])[]
}

interface Entry {
  readonly description: PluginDescription
  readonly configure: (options: object) => AnyConfiguredPlugin
}

/** Plugins by name, for whoever composes pipelines from text. */
export class PluginRegistry {
  readonly #entries: Map<string, Entry> = new Map()

  /** @throws as {@link add} does. */
  constructor(plugins: Iterable<Registrable> = []) {
    for (const plugin of plugins) this.add(plugin)
  }

  /** All there are, in the order they were added. */
  get descriptions(): readonly PluginDescription[] {
    return [...this.#entries.values()].map(({ description }) => description)
  }

  /**
   * Makes a plugin known by the name in its description.
   *
   * @throws {@link InvalidOptionError} for what is no plugin; {@link InvalidPipelineError} for a name that is taken.
   */
  add(plugin: Registrable): void {
    const entry = entryOf(plugin)
    const { name } = entry.description
    if (this.#entries.has(name)) throw new InvalidPipelineError(`there already is a plugin named "${name}"`)
    this.#entries.set(name, entry)
  }

  /**
   * The plugin that a text names, with the options it gives.
   *
   * @throws {@link UnknownPluginError}, {@link InvalidOptionError}
   */
  configure({ name, value, pairs }: PluginText): AnyConfiguredPlugin {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw new UnknownPluginError(name, nearest(name, this.#entries.keys()))
    const { options, primary } = entry.description
    const texts = [...pairs]
    if (value !== undefined) {
      if (primary === undefined) throw new InvalidOptionError(name, withoutPrimary(options), value)
      texts.unshift([primary, value])
    }
    const given: Record<string, unknown> = {}
    for (const [key, text] of texts) {
      const option = Object.hasOwn(options, key) ? options[key] : undefined
      if (Object.hasOwn(given, key)) throw new InvalidOptionError(`${name}.${key}`, 'given once', text)
      given[key] = option ? readOptionText(`${name}.${key}`, option, text) : text
    }
    return entry.configure(given)
  }
}

function withoutPrimary(options: PluginDescription['options']): string {
  return Object.keys(options).length === 0 ? 'left without a value: it has no options' : 'given by name, as key=value'
}

function entryOf(plugin: unknown): Entry {
  if (typeof plugin !== 'function') {
    throw new InvalidOptionError('plugin', 'made with definePlugin, or a plugin class', plugin)
  }
  if (isFactory(plugin)) {
    return { description: plugin.description, configure: (options) => plugin(options as never) as AnyConfiguredPlugin }
  }
  const target = plugin as PluginClass<never, never, never, never>
  if (typeof (target.prototype as { open?: unknown } | undefined)?.open !== 'function') {
    throw new InvalidOptionError('plugin', 'made with definePlugin, or a class with an open method', plugin)
  }
  return { description: describeClass(target), configure: (options) => use(target, options) as unknown as AnyConfiguredPlugin }
}

function isFactory(plugin: object): plugin is RegistrableFactory {
  const isClass = typeof (plugin as { prototype?: { open?: unknown } }).prototype?.open === 'function'
  return !isClass && typeof (plugin as Partial<RegistrableFactory>).description === 'object'
}
