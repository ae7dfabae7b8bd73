// An echo behind load balancers: PROXY headers tell it who its clients are, and the guards after them count those.
import { Buffer } from 'node:buffer'
import {
  connectionGuard,
  formatAddress,
  handle,
  type MessageConnection,
  pipeline,
  PROXY_HEADER,
  proxyProtocol,
  serve,
  type ServerEvent,
} from 'millrace'
import { jsonLine } from './shared/json-line.ts'
import { type Address, runDirectly, type Running, runningOf } from './shared/running.ts'

/** Options of {@link startBehindBalancer}. */
export interface BehindBalancerOptions extends Address {
  /** Addresses and CIDR ranges of the balancers, with `|` between them. Default those of this machine. */
  readonly trusted?: string
  /** Connections and sessions that one client may have, through whichever balancer. Default 64. */
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
  const asked = authority === undefined ? '' : `, for ${jsonLine(Buffer.from(authority).toString())}`
  return `you are ${formatAddress(remoteAddress)}, come to ${formatAddress(localAddress)}, ${how}${asked}\n`
}

/** The servers' own bounds for one address would count balancers: these are as high as those for all. */
const TCP = { maxConnectionsPerAddress: 10_000 }
/** nginx begins a session for each datagram. */
const UDP = { maxSessionsPerAddress: 10_000, sessionIdleTimeout: 5000 }

/**
 * Tells each client its own address, then sends back what it sends, over TCP and UDP on one port. Only balancers are
 * let in; each connection has to say on whose behalf it comes within five seconds, each datagram at its head.
 * {@link connectionGuard} counts clients.
 *
 * @example
 * const running = await startBehindBalancer({ port: 10_080, trusted: '10.0.0.0/8' })
 */
export async function startBehindBalancer(options: BehindBalancerOptions = {}): Promise<Running> {
  const { trusted = '127.0.0.0/8|::1', maxPerClient = 64, onEvent, host, port } = options
  const introducing = pipeline(
    proxyProtocol({ trusted, timeout: 5000 }),
    connectionGuard({ maxPerAddress: maxPerClient }),
    handle(async (connection) => {
      connection.write(Buffer.from(introduce(connection)))
      for await (const chunk of connection) if (!connection.write(chunk)) await connection.drain()
    }),
  )
  return runningOf(await serve(introducing, { tcp: { host, port, ...TCP }, udp: { host, ...UDP }, onEvent }))
}

await runDirectly(import.meta.url, startBehindBalancer, {
  port: 10_080,
  hint: (port) => `curl --haproxy-protocol --http0.9 http://127.0.0.1:${port}/`,
})
