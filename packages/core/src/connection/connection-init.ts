import type { Clock } from './clock.ts'
import type { ConnectionLimits } from './connection-options.ts'
import type { Transport } from './connection.ts'
import type { Driver, DriverEvents } from './driver.ts'
import type { SocketAddress } from './socket-address.ts'
import type { TlsInfo } from './tls-info.ts'

/** What a transport makes a connection from. */
export interface ConnectionInit {
  readonly transport: Transport
  /** Default false. */
  readonly datagram?: boolean
  readonly localAddress: SocketAddress
  readonly remoteAddress: SocketAddress
  /** What the handshake has settled, where it is over TLS. */
  readonly tls?: TlsInfo
  readonly limits: ConnectionLimits
  readonly clock: Clock
  /** Called once, from the constructor; the driver must not call back before it returns. */
  readonly createDriver: (events: DriverEvents) => Driver
}
