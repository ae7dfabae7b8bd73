import type { BaseConnection } from '../connection/base-connection.ts'
import { formatAddress, type SocketAddress } from '../connection/socket-address.ts'
import { PluginError } from '../errors/pipeline-errors.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'
import type { RefusalReason } from './events.ts'

/** Why a connection is turned away. */
export interface Refused {
  readonly reason: RefusalReason
  /** In words. */
  readonly detail: string
  readonly error?: Error
}

interface AdmissionLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/** Decides who is let in: the limits first, then every plugin's `accept`, in order. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #plugins: readonly BuiltPlugin[]
  readonly #perAddress: Map<string, number> = new Map()
  #open = 0

  constructor(limits: AdmissionLimits, plugins: readonly BuiltPlugin[]) {
    this.#limits = limits
    this.#plugins = plugins.filter(({ accept }) => accept !== undefined)
  }

  ask(connection: BaseConnection): Refused | undefined {
    const full = this.askLimits(connection.remoteAddress)
    if (full) return full
    for (const plugin of this.#plugins) {
      const refused = askPlugin(plugin, connection)
      if (refused) return refused
    }
    return undefined
  }

  /** The limits alone. */
  askLimits({ address, family }: SocketAddress): Refused | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits
    if (this.#open >= maxConnections) {
      return { reason: 'maxConnections', detail: `${maxConnections} connections are open` }
    }
    if (family !== 'unix' && (this.#perAddress.get(address) ?? 0) >= maxConnectionsPerAddress) {
      return { reason: 'maxConnectionsPerAddress', detail: `${maxConnectionsPerAddress} connections are open from ${address}` }
    }
    return undefined
  }

  enter({ address }: SocketAddress): void {
    this.#open++
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
  }

  leave({ address }: SocketAddress): void {
    this.#open--
    const rest = (this.#perAddress.get(address) ?? 1) - 1
    if (rest > 0) this.#perAddress.set(address, rest)
    else this.#perAddress.delete(address)
  }
}

function askPlugin(plugin: BuiltPlugin, connection: BaseConnection): Refused | undefined {
  const { name } = plugin
  try {
    const answer: unknown = plugin.accept?.(connection)
    if (answer === undefined) return undefined
    if (typeof answer === 'object' && answer !== null && 'refuse' in answer) {
      return { reason: 'plugin', detail: `${name}: ${String(answer.refuse)}` }
    }
    // A promise would be taken for a yes; nothing but undefined and a refusal is an answer.
    ignore(answer)
    throw new TypeError('accept must return nothing or { refuse: string }, synchronously')
  } catch (thrown) {
    const { remoteAddress } = connection
    const error = new PluginError({ plugin: name, direction: 'inbound', phase: 'accept', remoteAddress, offset: 0 }, thrown)
    return { reason: 'plugin', detail: `${name} failed for ${formatAddress(remoteAddress)}`, error }
  }
}

function ignore(answer: unknown): void {
  if (answer instanceof Promise) answer.catch(() => {})
}
