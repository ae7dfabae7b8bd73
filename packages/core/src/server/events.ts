import type { ConnectionInfo, Transport } from '../connection/connection.ts'
import type { FrameError } from '../errors/frame-errors.ts'
import type { SocketAddress } from '../connection/socket-address.ts'

/** Why a connection was turned away. */
export type RefusalReason =
  | 'maxConnections'
  | 'maxConnectionsPerAddress'
  | 'backlog'
  | 'plugin'
  | 'descriptors'
  | 'handshake'
  | 'draining'

/** Why a datagram was dropped, in or out. */
export type DropReason =
  | 'source-port-0'
  | 'own-address'
  | 'unicast-only'
  | 'maxSessions'
  | 'maxSessionsPerAddress'
  | 'maxNewSessionsPerSecond'
  | 'draining'
  | 'session-queue'
  | 'send-queue'
  | 'reply-ratio'
  | 'reply-datagrams'
  | 'too-large'
  | 'send-failed'
  | 'truncated'

/** What happens in a server. Each is published on the diagnostics channel `millrace:<type>` too. */
export type ServerEvent =
  | { readonly type: 'listening'; readonly transport: Transport; readonly address: SocketAddress }
  | {
      readonly type: 'driver-chosen'
      readonly transport: Transport
      /** What moves the bytes: JavaScript on Node's own sockets, or a native package. */
      readonly driver: 'node' | 'native'
      /** Where it is not the native one: why, in words. */
      readonly reason?: string
    }
  | { readonly type: 'connection-opened'; readonly connection: ConnectionInfo }
  | {
      readonly type: 'connection-closed'
      readonly connection: ConnectionInfo
      /** Only where it failed: this is the one report of that error. */
      readonly error?: Error
      readonly initiator: 'local' | 'remote'
      /** In milliseconds. */
      readonly duration: number
    }
  | {
      readonly type: 'connection-refused'
      readonly transport: Transport
      /** Unknown where the system refused before telling who it was. */
      readonly remoteAddress?: SocketAddress
      readonly reason: RefusalReason
      /** In words. */
      readonly detail: string
      readonly error?: Error
    }
  | { readonly type: 'frame-dropped'; readonly connection: ConnectionInfo; readonly plugin: string; readonly error: FrameError }
  | {
      readonly type: 'datagram-dropped'
      readonly direction: 'inbound' | 'outbound'
      readonly reason: DropReason
      readonly remoteAddress: SocketAddress
      readonly bytes: number
      readonly error?: Error
    }
  | { readonly type: 'plugin-event'; readonly plugin: string; readonly connection: ConnectionInfo; readonly payload: unknown }
  | { readonly type: 'listener-error'; readonly transport: Transport; readonly error: Error }
  | { readonly type: 'draining' }
  | { readonly type: 'closed'; readonly cutOff: number }

/** The events of one type. */
export type ServerEventOf<Type extends ServerEvent['type']> = Extract<ServerEvent, { readonly type: Type }>
