import type { Plugin } from '../pipeline/plugin.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import { buildClass, type Constructor } from './build-plugin.ts'
import { checkDescription } from './check-definition.ts'
import { checkPlugin } from './check-plugin.ts'
import { configure } from './configure.ts'
import type { ConfiguredPlugin } from './configured-plugin.ts'
import type { PluginDescription, Produces } from './plugin-description.ts'

/** A class whose instances are plugins. A static `description` makes its options checked and its name known to commands. */
export interface PluginClass<WI, MI, MO, WO, P extends Produces = Produces> extends Constructor<Plugin<WI, MI, MO, WO>> {
  readonly description?: PluginDescription & { readonly produces: P }
}

/** `LineCodec` is `line-codec`. */
function nameOfClass(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase() || 'plugin'
}

interface DescribedClass {
  readonly name: string
  readonly description?: PluginDescription
}

/**
 * What is known of a plugin class: its description, or what its name tells.
 *
 * @throws {@link InvalidOptionError} for a description that is none.
 */
export function describeClass(target: DescribedClass): PluginDescription {
  if (target.description !== undefined) checkDescription(target.description)
  return target.description ?? { name: nameOfClass(target.name), help: '', options: {}, accepts: 'any', produces: 'bytes' }
}

/**
 * A plugin class with its options, ready for `pipeline`. The class is built once for each server or client, its constructor's
 * parameters by their `@inject(TOKEN)`; `PLUGIN_OPTIONS` are these options, checked and frozen where the class has a
 * `description`, else as they came.
 *
 * @throws {@link InvalidOptionError} at once, for options that the description does not allow, and for a description that is none.
 *
 * @example
 * pipeline(use(Chunker, { size: 16 }), use(Echo))
 */
export function use<WI, MI, MO, WO, P extends Produces = Produces>(
  target: PluginClass<WI, MI, MO, WO, P>,
  options: object = {},
): ConfiguredPlugin<WI, MI, MO, WO, P> {
  if (typeof target !== 'function') throw new InvalidOptionError('use', 'a plugin class', target)
  const description = describeClass(target) as PluginDescription & { readonly produces: P }
  const { name } = description
  const checked = target.description ? resolveOptions(name, description.options, options) : Object.freeze({ ...options })
  return configure(description, checked, (container) => {
    return checkPlugin(name, buildClass(name, target, container, checked))
  })
}
