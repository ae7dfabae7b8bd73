import type { Clock } from '../connection/clock.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'

/** What stands for a service in `@inject(...)` and `inject: {...}`. */
export type Token<T> = symbol & { readonly service?: T }

/**
 * Makes a token for a service of one's own. The same name gives the same token, also in another copy of this module.
 *
 * @example
 * const DIRECTORY = token<Directory>('acme/directory')
 * container.register(DIRECTORY, { useValue: new Directory() })
 */
export function token<T>(name: string): Token<T> {
  return Symbol.for(name) as Token<T>
}

/** The options of the plugin being built, checked, defaults filled in, frozen. */
export const PLUGIN_OPTIONS: Token<unknown> = token('millrace/plugin-options')
/** Where plugins log. By default pino, to stderr. */
export const LOGGER: Token<Logger> = token('millrace/logger')
/** The time. By default the real one. */
export const CLOCK: Token<Clock> = token('millrace/clock')
/** Where the counts of a server, and of plugins that ask for it, go. By default nowhere. */
export const METRICS: Token<Metrics> = token('millrace/metrics')
