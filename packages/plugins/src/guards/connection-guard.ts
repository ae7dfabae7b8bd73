import {
  CLOCK,
  type Clock,
  type ConnectionInfo,
  inject,
  injectable,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Refusal,
  type SocketAddress,
  type Stages,
  use,
} from '@millrace/core'
import type { GuardFactory, PassingPlugin } from './guard-factory.ts'
import { bytesToIp, ipToBytes, isMapped } from './ip-bytes.ts'
import { TokenBucket } from './token-bucket.ts'

/** Options of {@link connectionGuard}. */
export interface ConnectionGuardOptions {
  /**
   * How many connections may be open at once, 1 or more.
   *
   * @defaultValue 10_000
   */
  readonly maxConnections?: number
  /**
   * How many of one IP address may be, 1 or more.
   *
   * @defaultValue 256
   */
  readonly maxPerAddress?: number
  /**
   * How many may begin in a second, and at once after a quiet second: 1 or more.
   *
   * @defaultValue 1_000
   */
  readonly maxPerSecond?: number
  /**
   * Bits of an IPv6 address that make it another one: 1 to 128. One household or machine has a whole /64.
   *
   * @defaultValue 64
   */
  readonly ipv6Prefix?: number
}

const COUNT = { type: 'integer', unit: 'connections', range: [1, Infinity] } as const

/** The plugin behind {@link connectionGuard}. */
@injectable()
export class ConnectionGuard implements Plugin<unknown, unknown, unknown, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'connection-guard',
    help: 'bounds the connections that are open: in all, of one address, and begun in a second',
    options: {
      maxConnections: { ...COUNT, default: 10_000, help: 'open at once' },
      maxPerAddress: { ...COUNT, default: 256, help: 'open at once from one address' },
      maxPerSecond: { ...COUNT, default: 1_000, help: 'begun in a second, and at once after a quiet one' },
      ipv6Prefix: {
        type: 'integer',
        unit: 'bits',
        range: [1, 128],
        default: 64,
        help: 'of an IPv6 address that make it another one',
      },
    },
    primary: 'maxConnections',
    accepts: 'any',
    produces: 'same',
  }

  readonly name = 'connection-guard'
  readonly #options: Required<ConnectionGuardOptions>
  readonly #bucket: TokenBucket
  readonly #perAddress: Map<string, number> = new Map()
  #open = 0

  constructor(@inject(PLUGIN_OPTIONS) options: Required<ConnectionGuardOptions>, @inject(CLOCK) clock: Clock) {
    this.#options = options
    this.#bucket = new TokenBucket(options.maxPerSecond, options.maxPerSecond, clock)
  }

  accept({ remoteAddress }: ConnectionInfo): void | Refusal {
    const { maxConnections, maxPerAddress, maxPerSecond } = this.#options
    if (this.#open >= maxConnections) return { refuse: `${maxConnections} connections are open` }
    const key = this.#keyOf(remoteAddress)
    if (key !== undefined && (this.#perAddress.get(key) ?? 0) >= maxPerAddress) {
      return { refuse: `${maxPerAddress} connections are open from its address` }
    }
    if (maxPerSecond !== Infinity && !this.#bucket.has(1)) {
      return { refuse: `${maxPerSecond} connections have begun in a second` }
    }
  }

  /** Counts here and not in `accept`: a plugin after it may still refuse. */
  open({ connection }: PluginContext): Stages<unknown, unknown, unknown, unknown> {
    const key = this.#keyOf(connection.remoteAddress)
    this.#open++
    if (this.#options.maxPerSecond !== Infinity) this.#bucket.take(1)
    if (key !== undefined) this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1)
    return { close: () => this.#leave(key) }
  }

  #leave(key: string | undefined): void {
    this.#open--
    if (key === undefined) return
    const rest = (this.#perAddress.get(key) ?? 1) - 1
    if (rest > 0) this.#perAddress.set(key, rest)
    else this.#perAddress.delete(key)
  }

  /** What the address counts as; undefined for one that is no IP address. */
  #keyOf({ address, family }: SocketAddress): string | undefined {
    if (family !== 'IPv4' && family !== 'IPv6') return undefined
    const bytes = family === 'IPv6' ? ipToBytes(address) : undefined
    if (bytes === undefined || isMapped(bytes)) return bytes === undefined ? address : bytesToIp(bytes)
    return masked(bytes, this.#options.ipv6Prefix)
  }
}

/** The first so many bits, as text. */
function masked(bytes: Uint8Array, bits: number): string {
  const whole = Math.floor(bits / 8)
  const rest = (bytes[whole] ?? 0) & (0xff00 >> (bits % 8))
  return `${bytes.subarray(0, whole).join(':')}/${rest & 0xff}`
}

/**
 * Bounds the connections, or UDP sessions, that are open: in all, of one address, and how many begin in a second. One
 * guard counts for all listeners that share its build (`serve`), and behind {@link proxyProtocol} by the real client's
 * address, where a server's own `maxConnections` and `maxConnectionsPerAddress` see each listener and the balancer.
 *
 * Over a bound `accept` refuses: the peer gets an end without a word, the server reports `connection-refused`. Who was
 * refused counts for nothing. IPv6 addresses count by their first `ipv6Prefix` bits, mapped IPv4 ones as IPv4; peers
 * without an IP address (Unix sockets) count in all and by the second only. Items pass unchanged. A client asks nobody,
 * and there is nothing to count in stateless serving, which refuses it.
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * createTcpServer(pipeline(connectionGuard({ maxConnections: 500, maxPerAddress: 8 }), echo()))
 */
export const connectionGuard: GuardFactory<ConnectionGuardOptions> = Object.assign(create, {
  description: ConnectionGuard.description,
})

function create<Item>(options?: ConnectionGuardOptions): PassingPlugin<Item> {
  return use(ConnectionGuard, options) as PassingPlugin<Item>
}
