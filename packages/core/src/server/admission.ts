import type { BaseConnection } from '../connection/base-connection.ts'
import { askedTogether, askPlugins, type Refused } from '../pipeline/ask-plugins.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import type { BuiltPlugin } from '../pipeline/built-pipeline.ts'

interface AdmissionLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/**
 * Decides who is let in: the limits first, then `accept` of the plugins, in order, up to the first that gates. Those behind it
 * are asked by the run, when it proceeds.
 */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #plugins: readonly BuiltPlugin[]
  readonly #perAddress: Map<string, number> = new Map()
  #open = 0

  constructor(limits: AdmissionLimits, plugins: readonly BuiltPlugin[]) {
    this.#limits = limits
    this.#plugins = askedTogether(plugins, 0)
  }

  ask(connection: BaseConnection): Refused | undefined {
    return this.askLimits(connection.remoteAddress) ?? askPlugins(this.#plugins, connection)
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
