import './reflect.ts'
import { container as root, type DependencyContainer } from 'tsyringe'
import { facesOf } from '../faces/stage-faces.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import type { Plugin } from '../pipeline/plugin.ts'
import { toBuiltPlugin } from '../pipeline/to-built-plugin.ts'
import type { ConfiguredPlugin, StageFaces } from './configured-plugin.ts'
import type { PluginDescription, Produces } from './plugin-description.ts'

/** Only here can a configured plugin be made, so that `pipeline` can tell one from anything that looks alike. */
const CONFIGURED: unique symbol = Symbol.for('millrace/configured-plugin') as never

/** A configured plugin as the engine sees it, its item types forgotten. */
export type AnyConfiguredPlugin = ConfiguredPlugin<unknown, unknown, unknown, unknown>

/** Whether a value was made by a plugin's factory, by `use`, `handle` or `respond`. */
export function isConfiguredPlugin(value: unknown): value is AnyConfiguredPlugin {
  return typeof value === 'object' && value !== null && CONFIGURED in value
}

/**
 * Puts a plugin's description, its options and the way to build it together. Its faces are made when they are first asked for.
 *
 * @param build - called once for each server or client.
 */
export function configure<WI, MI, MO, WO, P extends Produces>(
  description: PluginDescription & { readonly produces: P },
  options: Readonly<Record<string, unknown>>,
  build: (container: DependencyContainer) => Plugin<WI, MI, MO, WO> | Omit<BuiltPlugin, 'sites'>,
): ConfiguredPlugin<WI, MI, MO, WO, P> {
  const open = (): BuiltPlugin => {
    const plugin = build(root.createChildContainer()) as unknown as Plugin<unknown, unknown, unknown, unknown>
    return toBuiltPlugin(plugin, description, false)
  }
  let inbound: StageFaces<WI, MI> | undefined
  let outbound: StageFaces<MO, WO> | undefined
  const inboundFaces = (): StageFaces<WI, MI> => (inbound ??= facesOf<WI, MI>(open, 'inbound'))
  const configured = {
    [CONFIGURED]: true,
    description,
    options,
    build: (container: DependencyContainer) => build(container) as Plugin<WI, MI, MO, WO>,
    get transform() {
      return inboundFaces().transform
    },
    get operator() {
      return inboundFaces().operator
    },
    get outbound() {
      return (outbound ??= facesOf<MO, WO>(open, 'outbound'))
    },
  }
  return Object.freeze(configured) as ConfiguredPlugin<WI, MI, MO, WO, P>
}
