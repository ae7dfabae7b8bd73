import type { ConnectionInfo } from '../connection/connection.ts'
import { formatAddress } from '../connection/socket-address.ts'
import { PluginError } from '../errors/pipeline-errors.ts'
import type { RefusalReason } from '../server/events.ts'
import type { BuiltPlugin } from './built-pipeline.ts'

/** Why a connection is turned away. */
export interface Refused {
  readonly reason: RefusalReason
  /** In words. */
  readonly detail: string
  readonly error?: Error
}

/** The plugins that are asked together: from one place on up to the next that gates, that one included. */
export function askedTogether(plugins: readonly BuiltPlugin[], from: number): readonly BuiltPlugin[] {
  const gate = plugins.findIndex(({ gates }, index) => gates === true && index >= from)
  const group = plugins.slice(from, gate === -1 ? undefined : gate + 1)
  return group.filter(({ accept }) => accept !== undefined)
}

/** Asks plugins whether they let a connection in, in order. @returns the first refusal. */
export function askPlugins(plugins: readonly BuiltPlugin[], info: ConnectionInfo): Refused | undefined {
  for (const plugin of plugins) {
    const refused = askPlugin(plugin, info)
    if (refused) return refused
  }
  return undefined
}

function askPlugin(plugin: BuiltPlugin, info: ConnectionInfo): Refused | undefined {
  const { name } = plugin
  try {
    const answer: unknown = plugin.accept?.(info)
    if (answer === undefined) return undefined
    if (typeof answer === 'object' && answer !== null && 'refuse' in answer) {
      return { reason: 'plugin', detail: `${name}: ${String(answer.refuse)}` }
    }
    // A promise would be taken for a yes; nothing but undefined and a refusal is an answer.
    ignore(answer)
    throw new TypeError('accept must return nothing or { refuse: string }, synchronously')
  } catch (thrown) {
    const { remoteAddress } = info
    const error = new PluginError({ plugin: name, direction: 'inbound', phase: 'accept', remoteAddress, offset: 0 }, thrown)
    return { reason: 'plugin', detail: `${name} failed for ${formatAddress(remoteAddress)}`, error }
  }
}

function ignore(answer: unknown): void {
  if (answer instanceof Promise) answer.catch(() => {})
}
