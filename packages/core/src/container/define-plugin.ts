import type { ConnectionInfo } from '../connection/connection.ts'
import type { OptionDescriptions, OptionsOf, ResolvedOptions } from '../options/option-description.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import type { MessageConnection } from '../pipeline/message-connection.ts'
import type { Plugin, PluginContext, Refusal, Stages } from '../pipeline/plugin.ts'
import { resolveServices } from './build-plugin.ts'
import { checkDefinition } from './check-definition.ts'
import { configure } from './configure.ts'
import type { ConfiguredPlugin } from './configured-plugin.ts'
import type { Accepts, PluginDescription, Produces } from './plugin-description.ts'
import type { Token } from './tokens.ts'

/** Services to inject, by the name the plugin calls them. */
export type Injections = Readonly<Record<string, symbol>>

/** What a plugin gets for its {@link Injections}. */
export type Services<I extends Injections> = { readonly [K in keyof I]: I[K] extends Token<infer T> ? T : unknown }

/** What {@link definePlugin} makes a plugin from. */
export interface PluginDefinition<
  WI,
  MI,
  MO,
  WO,
  D extends OptionDescriptions,
  I extends Injections,
  P extends Produces,
> {
  /** Lower-case letters, digits and dashes; how the command line calls it. */
  readonly name: string
  /** One line for `millrace plugins`. */
  readonly help?: string
  /** Default none. */
  readonly options?: D
  /** The option that `name:value` sets. */
  readonly primary?: keyof D & string
  /** What its inbound stage takes. Default `bytes`. */
  readonly accepts?: Accepts
  /** What its inbound stage emits. Default `bytes`. */
  readonly produces?: P
  /** What it cannot do without: a plugin after it that makes frames or messages. */
  readonly needs?: 'framer'
  /** Services to resolve when it is built: they are the third argument of `open` and the others. */
  readonly inject?: I
  readonly gates?: boolean
  readonly perDatagram?: boolean
  readonly accept?: (info: ConnectionInfo, options: ResolvedOptions<D>, services: Services<I>) => void | Refusal
  readonly open: (context: PluginContext, options: ResolvedOptions<D>, services: Services<I>) => Stages<WI, MI, MO, WO>
  /** Makes it a handler, called once for each connection as the function that `handle` takes; `produces` has to be `nothing` then. */
  readonly serve?: (
    connection: MessageConnection<WI, WO>,
    options: ResolvedOptions<D>,
    services: Services<I>,
  ) => Promise<void>
  readonly dispose?: (options: ResolvedOptions<D>, services: Services<I>) => void | Promise<void>
}

/** Makes a configured plugin from options; knows the plugin's description. What code calls and what `--import` finds. */
export interface PluginFactory<WI, MI, MO, WO, D extends OptionDescriptions = OptionDescriptions, P extends Produces = Produces> {
  (options?: OptionsOf<D>): ConfiguredPlugin<WI, MI, MO, WO, P>
  readonly description: PluginDescription & { readonly produces: P }
}

/**
 * Makes a plugin from functions.
 *
 * @throws {@link InvalidOptionError} for a definition that is none, a misspelt member of one, an option whose description is
 * wrong; the factory it returns throws it for bad options.
 *
 * @example
 * const prefix = definePlugin({
 *   name: 'prefix',
 *   options: { byte: { type: 'integer', range: [0, 255], default: 62, help: 'the byte put before each chunk' } },
 *   open: (_context, { byte }) => ({ inbound: { push: (chunk: Uint8Array, emit) => emit(Uint8Array.of(byte, ...chunk)) } }),
 * })
 * pipeline(prefix({ byte: 35 }), echo())
 */
export function definePlugin<
  WI = Uint8Array,
  MI = Uint8Array,
  MO = MI,
  WO = WI,
  const D extends OptionDescriptions = Record<never, never>,
  const I extends Injections = Record<never, never>,
  P extends Produces = 'bytes',
>(definition: PluginDefinition<WI, MI, MO, WO, D, I, P>): PluginFactory<WI, MI, MO, WO, D, P> {
  const description = describe(definition)
  const { name, open, accept, serve, dispose, gates, perDatagram, inject = {} as I } = definition
  const factory = (given?: OptionsOf<D>): ConfiguredPlugin<WI, MI, MO, WO, P> => {
    const options = resolveOptions(name, description.options, given) as ResolvedOptions<D>
    return configure(description, options, (container): Plugin<WI, MI, MO, WO> => {
      const services = resolveServices(name, inject, container) as Services<I>
      return {
        name,
        open: (context) => open(context, options, services),
        ...(accept && { accept: (info: ConnectionInfo) => accept(info, options, services) }),
        ...(serve && { serve: (connection: MessageConnection<WI, WO>) => serve(connection, options, services) }),
        ...(dispose && { dispose: () => dispose(options, services) }),
        ...(gates && { gates }),
        ...(perDatagram && { perDatagram }),
      }
    })
  }
  return Object.assign(factory, { description })
}

function describe<WI, MI, MO, WO, D extends OptionDescriptions, I extends Injections, P extends Produces>(
  definition: PluginDefinition<WI, MI, MO, WO, D, I, P>,
): PluginDescription & { readonly produces: P } {
  checkDefinition(definition)
  const { name, help = '', options = {}, primary, accepts = 'bytes', produces = 'bytes' as P, needs } = definition
  return Object.freeze({ name, help, options, accepts, produces, ...(primary !== undefined && { primary }), ...(needs && { needs }) })
}
