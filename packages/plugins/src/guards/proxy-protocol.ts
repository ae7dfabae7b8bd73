import {
  type ConfiguredPlugin,
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
import { AddressList, type AddressRanges, withRangeTexts } from './address-list.ts'
import { DatagramHeader, StreamHeader } from './proxy-stages.ts'

/** Options of {@link proxyProtocol}. */
export interface ProxyProtocolOptions {
  /**
   * The balancers: addresses and CIDR ranges, a text with `|` between them. Anyone can write a header; only theirs count.
   *
   * @defaultValue '127.0.0.0/8|::1'
   */
  readonly trusted?: AddressRanges
  /**
   * What becomes of other peers: turned away, or served as they are, with every byte of theirs left alone.
   *
   * @defaultValue 'refuse'
   */
  readonly untrusted?: 'refuse' | 'direct'
  /**
   * Which version is taken.
   *
   * @defaultValue 'any'
   */
  readonly version?: 'any' | '1' | '2'
  /**
   * What may follow the first 16 bytes of a version 2 header, addresses and TLVs, in bytes: 36 to 65,535.
   *
   * @defaultValue 2_048
   */
  readonly maxLength?: number
  /**
   * Within how many ms the header must have come: 1 to 2,147,483,647.
   *
   * @defaultValue 5_000
   */
  readonly timeout?: number
}

type Resolved = Required<Omit<ProxyProtocolOptions, 'trusted'>> & { readonly trusted: string }

/** The type of {@link proxyProtocol}. */
export interface ProxyProtocolFactory {
  (options?: ProxyProtocolOptions): ConfiguredPlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array, 'same'>
  readonly description: PluginDescription
}

/** The plugin behind {@link proxyProtocol}. */
@injectable()
export class ProxyProtocol implements Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'proxy-protocol',
    help: 'takes the real client\'s address from the PROXY header of a load balancer',
    options: {
      trusted: { type: 'string', default: '127.0.0.0/8|::1', help: 'the balancers, as addresses and CIDR ranges' },
      untrusted: {
        type: 'string',
        values: ['refuse', 'direct'],
        default: 'refuse',
        help: 'what becomes of other peers; direct: served as they are',
      },
      version: { type: 'string', values: ['any', '1', '2'], default: 'any', help: 'of the header' },
      maxLength: {
        type: 'integer',
        unit: 'bytes',
        range: [36, 65_535],
        default: 2_048,
        help: 'what may follow the first 16 bytes of a version 2 header',
      },
      timeout: {
        type: 'integer',
        unit: 'ms',
        range: [1, 2_147_483_647],
        default: 5_000,
        help: 'for the whole header',
      },
    },
    primary: 'trusted',
    accepts: 'bytes',
    produces: 'same',
  }

  readonly name = 'proxy-protocol'
  readonly gates = true
  readonly #options: Resolved
  readonly #trusted: AddressList

  constructor(@inject(PLUGIN_OPTIONS) options: Resolved) {
    this.#options = options
    this.#trusted = new AddressList('proxy-protocol.trusted', options.trusted)
  }

  accept({ remoteAddress }: ConnectionInfo): void | Refusal {
    if (this.#options.untrusted === 'refuse' && !this.#trusts(remoteAddress)) {
      return { refuse: 'it is none of the balancers that are trusted' }
    }
  }

  open(context: PluginContext): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
    if (!this.#trusts(context.connection.remoteAddress)) {
      context.proceed()
      return {}
    }
    const { timeout } = this.#options
    if (context.connection.datagram) return { inbound: new DatagramHeader(context, this.#options) }
    return { inbound: new StreamHeader(context, this.#options, timeout) }
  }

  /** Who can open a Unix socket, or is in this process, is trusted. */
  #trusts(address: SocketAddress): boolean {
    return (address.family !== 'IPv4' && address.family !== 'IPv6') || this.#trusted.has(address)
  }
}

/**
 * Takes the PROXY header off the head of a connection from a load balancer (HAProxy, nginx, AWS, Envoy), versions 1 and 2:
 * `remoteAddress` and `localAddress` are the real client's for every plugin after it and for the handler, in `accept` too.
 * They open only when the whole header has come, and every byte behind it is passed on to them. `LOCAL`, `UNKNOWN` and
 * `UNSPEC`, which health checks send, leave the addresses as they are. What else a header has, its TLVs, is in
 * `attributes` under {@link PROXY_HEADER}; a checksum among them is verified.
 *
 * Put it first. Peers that are not `trusted` are turned away in `accept`, or served `direct`; a header is never guessed
 * at: a trusted peer that sends none is a {@link CorruptFrameError}, one that is late a {@link FrameTimeoutError}, and one
 * that ends inside it an {@link UnexpectedEndError}. No answer is sent to it.
 *
 * Over UDP each datagram begins with a header, and a session is of one client: a datagram without one, or with another
 * client's, is dropped and counted (`frame-dropped`), so a balancer must use a port for each client. nginx sends version 1
 * there, and at the head of each datagram with `proxy_requests 1`. Answers go to the balancer. It keeps state, so it
 * cannot serve statelessly.
 *
 * @throws {@link InvalidOptionError} for a range that is none, and for an option that is unknown or out of range.
 *
 * @example
 * createTcpServer(pipeline(proxyProtocol({ trusted: '10.0.0.0/8' }), connectionGuard({ maxPerAddress: 8 }), echo()))
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export const proxyProtocol: ProxyProtocolFactory = Object.assign(create, { description: ProxyProtocol.description })

function create(options?: ProxyProtocolOptions): ReturnType<ProxyProtocolFactory> {
  const configured = use(ProxyProtocol, withRangeTexts(options))
  // Wrong ranges are known at once, and not when a server is made.
  new ProxyProtocol(configured.options as unknown as Resolved)
  return configured
}
