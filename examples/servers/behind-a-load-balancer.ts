// An echo behind load balancers: PROXY headers tell it who its clients are, and the guards after them count those.
import { Buffer } from 'node:buffer'
import {
  connectionGuard,
  createTcpServer,
  formatAddress,
  handle,
  type MessageConnection,
  pipeline,
  PROXY_HEADER,
  proxyProtocol,
  type ServerEvent,
} from 'millrace'
import { type Address, listenOn, runDirectly, type Running } from './shared/running.ts'

/** Options of {@link startBehindBalancer}. */
export interface BehindBalancerOptions extends Address {
  /** Addresses and CIDR ranges of the balancers, with `|` between them. Default those of this machine. */
  readonly trusted?: string
  /** Connections that one client may have, through whichever balancer. Default 64. */
  readonly maxPerClient?: number
  readonly onEvent?: (event: ServerEvent) => void
}

/** Type of the TLV that holds the name a client asked for by SNI (PROXY protocol, 2.2.2). */
const PP2_TYPE_AUTHORITY = 0x02

/** What is known of a client, in a line. */
function introduce({ attributes, remoteAddress, localAddress }: MessageConnection<Uint8Array, Uint8Array>): string {
  const header = attributes.get(PROXY_HEADER)
  const authority = header?.tlvs.find(({ type }) => type === PP2_TYPE_AUTHORITY)?.value
  const how = header?.source === undefined ? 'the balancer itself' : `by PROXY version ${header.version}`
  // A client chose that name: it is not to begin another line.
  const asked = authority === undefined ? '' : `, for ${JSON.stringify(Buffer.from(authority).toString())}`
  return `you are ${formatAddress(remoteAddress)}, come to ${formatAddress(localAddress)}, ${how}${asked}\n`
}

/**
 * Tells each client its own address, then sends back what it sends. Only balancers are let in, and within five seconds
 * each connection has to say on whose behalf it comes. The server's own bound for one address would count balancers: it
 * is as high as that for all, and {@link connectionGuard} counts clients instead.
 *
 * @example
 * const running = await startBehindBalancer({ port: 10_080, trusted: '10.0.0.0/8' })
 */
export function startBehindBalancer(options: BehindBalancerOptions = {}): Promise<Running> {
  const { trusted = '127.0.0.0/8|::1', maxPerClient = 64, onEvent, ...address } = options
  const introducing = pipeline(
    proxyProtocol({ trusted, timeout: 5000 }),
    connectionGuard({ maxPerAddress: maxPerClient }),
    handle(async (connection) => {
      connection.write(Buffer.from(introduce(connection)))
      for await (const chunk of connection) if (!connection.write(chunk)) await connection.drain()
    }),
  )
  const server = createTcpServer(introducing, { maxConnectionsPerAddress: 10_000 })
  server.events$.subscribe(onEvent)
  return listenOn(address, server)
}

await runDirectly(import.meta.url, startBehindBalancer, {
  port: 10_080,
  hint: (port) => `curl --haproxy-protocol --http0.9 http://127.0.0.1:${port}/`,
})
