import {
  type ConnectionInfo,
  type Emit,
  FrameRefusedError,
  inject,
  injectable,
  InvalidOptionError,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Refusal,
  type SocketAddress,
  type Stage,
  type Stages,
  use,
} from '@millrace/core'
import { AddressList, type AddressRanges, withRangeTexts } from './address-list.ts'
import type { GuardFactory, PassingPlugin } from './guard-factory.ts'

/** Options of {@link ipFilter}; at least one of `allow` and `deny`. */
export interface IpFilterOptions {
  /** Who is let in, as addresses and CIDR ranges; a text has `|` between them. Where it is given, nobody else is. */
  readonly allow?: AddressRanges
  /** Who is turned away, in the same form. */
  readonly deny?: AddressRanges
  /**
   * Which list is asked first, and so decides on an address that is in both.
   *
   * @defaultValue 'deny'
   */
  readonly first?: 'allow' | 'deny'
}

interface Resolved {
  readonly allow?: string
  readonly deny?: string
  readonly first: 'allow' | 'deny'
}

/** The plugin behind {@link ipFilter}. */
@injectable()
export class IpFilter implements Plugin<unknown, unknown, unknown, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'ip-filter',
    help: 'lets in by IP address: CIDR ranges that are allowed, and ranges that are not',
    options: {
      allow: { type: 'string', help: 'who is let in, and nobody else: 10.0.0.0/8|::1' },
      deny: { type: 'string', help: 'who is turned away: 192.0.2.0/24|2001:db8::/32' },
      first: { type: 'string', values: ['allow', 'deny'], default: 'deny', help: 'which list decides where both fit' },
    },
    primary: 'allow',
    accepts: 'any',
    produces: 'same',
  }

  readonly name = 'ip-filter'
  readonly perDatagram = true
  readonly #allow: AddressList | undefined
  readonly #deny: AddressList | undefined
  readonly #allowFirst: boolean

  constructor(@inject(PLUGIN_OPTIONS) { allow, deny, first }: Resolved) {
    if (allow === undefined && deny === undefined) {
      throw new InvalidOptionError('ip-filter.allow', 'given, or "deny"', allow)
    }
    if (allow !== undefined) this.#allow = new AddressList('ip-filter.allow', allow)
    if (deny !== undefined) this.#deny = new AddressList('ip-filter.deny', deny)
    this.#allowFirst = first === 'allow'
  }

  accept({ remoteAddress }: ConnectionInfo): void | Refusal {
    if (!this.allows(remoteAddress)) return { refuse: 'its address is not let in' }
  }

  /** A session was asked for; without sessions, every datagram is one of its own. */
  open({ connection }: PluginContext): Stages<unknown, unknown, unknown, unknown> {
    return connection.datagram ? { inbound: new SenderCheck(this, connection) } : {}
  }

  /** Whether an address may come in. What is no IP address, such as a Unix socket's path, always may. */
  allows(address: SocketAddress): boolean {
    if (address.family !== 'IPv4' && address.family !== 'IPv6') return true
    const denied = this.#deny?.has(address) ?? false
    if (!this.#allow) return !denied
    return this.#allow.has(address) && (this.#allowFirst || !denied)
  }
}

/** Looks at the sender of each datagram anew where it is another one. */
class SenderCheck implements Stage<unknown, unknown> {
  readonly borrows = true
  readonly #filter: IpFilter
  readonly #connection: ConnectionInfo
  #checked: SocketAddress | undefined
  #allowed = false

  constructor(filter: IpFilter, connection: ConnectionInfo) {
    this.#filter = filter
    this.#connection = connection
  }

  push(item: unknown, emit: Emit<unknown>): void {
    const { remoteAddress } = this.#connection
    if (remoteAddress !== this.#checked) {
      this.#checked = remoteAddress
      this.#allowed = this.#filter.allows(remoteAddress)
    }
    if (!this.#allowed) throw new FrameRefusedError('the address of its sender is not let in')
    emit(item)
  }
}

/**
 * Lets connections and UDP sessions in by the peer's IP address, before any plugin is opened: `accept` refuses, which a
 * server reports as `connection-refused`. In stateless serving each datagram from an address that is not let in is
 * dropped, counted and reported as `frame-dropped`. Behind {@link proxyProtocol} it is the real client's address.
 *
 * With `deny` alone everyone else is let in, with `allow` nobody else. An address in both lists is turned away, unless
 * `first: 'allow'`. An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is that IPv4 address, in lists and peers.
 * Peers without an IP address (Unix sockets) are always let in. What is written passes unchanged; a client asks nobody.
 *
 * @throws {@link InvalidOptionError} for an entry that is no address or range, without either list, and for any other
 * option.
 *
 * @example
 * createTcpServer(pipeline(ipFilter({ allow: ['10.0.0.0/8', '::1'], deny: '10.9.0.0/16' }), echo()))
 *
 * @see https://nodejs.org/api/net.html#class-netblocklist
 */
export const ipFilter: GuardFactory<IpFilterOptions> = Object.assign(create, { description: IpFilter.description })

function create<Item>(options?: IpFilterOptions): PassingPlugin<Item> {
  const configured = use(IpFilter, withRangeTexts(options))
  // Wrong ranges are known at once, and not when a server is made.
  new IpFilter(configured.options as unknown as Resolved)
  return configured as PassingPlugin<Item>
}
