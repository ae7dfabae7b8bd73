import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import {
  type Clock,
  ConnectError,
  formatAddress,
  HandshakeTimeoutError,
  InvalidOptionError,
  type SocketAddress,
  TlsError,
  type UpgradeOptions,
} from '@millrace/core'
import { Handshakes } from './handshakes.ts'
import { secureClient } from './secure-client.ts'
import type { StreamBinding } from '../ports/stream-binding.ts'
import {
  type ClientTls,
  HANDSHAKE_TIMEOUT,
  type TlsClientOptions,
  type TlsServerOptions,
  toClientTls,
  toTlsEngine,
} from './tls-options.ts'

/** What a driver knows beforehand of an upgrade that may come. */
export interface UpgradeInit {
  readonly binding: StreamBinding | undefined
  /** Whether the socket knows resets. */
  readonly resets: boolean
  /** What a client has connected to. */
  readonly host?: string | undefined
}

/** A handshake over a socket that was in the clear. */
export interface UpgradeHandshake {
  readonly remoteAddress: SocketAddress
  readonly clock: Clock
  readonly host: string | undefined
  /** In the very callback, so that nothing has been read yet. */
  onSecure(secure: TLSSocket): void
  /** The socket is released. */
  onFailure(error: Error): void
}

/** Begins the handshake. @returns gives it up: the socket is released, and nothing is told. */
export type BeginHandshake = (socket: Socket, handshake: UpgradeHandshake) => () => void

/**
 * What the options of an upgrade ask for.
 *
 * @throws {@link InvalidOptionError}
 */
export function toHandshake({ side, tls, handshakeTimeout = HANDSHAKE_TIMEOUT.default }: UpgradeOptions): BeginHandshake {
  if (side === 'client') {
    const client = made(clients, tls, () => toClientTls('upgrade.tls', tls as TlsClientOptions | true))
    return (socket, handshake) => beginClient(socket, handshake, client, handshakeTimeout)
  }
  if (tls === true) throw new InvalidOptionError('upgrade.tls', 'an object of TLS options, for a server', tls)
  const server = made(servers, tls, () => toServer(tls))
  return (socket, { onSecure, onFailure, remoteAddress, clock }) => {
    server.begin(socket, { remoteAddress, clock, timeout: handshakeTimeout, onSecure, onFailure })
    return () => server.cancel(socket)
  }
}

/** By the options that they were made from, so that not each connection reads certificates. */
const clients = new WeakMap<object, ClientTls>()
const servers = new WeakMap<object, Handshakes>()

function toServer(tls: TlsServerOptions): Handshakes {
  return new Handshakes(toTlsEngine('upgrade.tls', tls), tls.requestCert)
}

function made<T>(kept: WeakMap<object, T>, tls: object | true, make: () => T): T {
  if (typeof tls !== 'object' || tls === null) return make()
  const before = kept.get(tls)
  if (before) return before
  const fresh = make()
  kept.set(tls, fresh)
  return fresh
}

function beginClient(socket: Socket, handshake: UpgradeHandshake, tls: ClientTls, timeout: number): () => void {
  const { host, remoteAddress, clock, onSecure, onFailure } = handshake
  const giveUp = (): void => {
    timer?.cancel()
    forget()
    socket.on('error', () => {}).destroy()
  }
  const fail = (error: Error): void => {
    giveUp()
    // It is connected already: what failed is TLS.
    const { cause } = error
    const isTls = error instanceof ConnectError && cause instanceof Error
    onFailure(isTls ? new TlsError('the TLS handshake failed', remoteAddress, { cause }) : error)
  }
  const succeed = (secure: TLSSocket): void => {
    timer?.cancel()
    onSecure(secure)
  }
  const target = formatAddress(remoteAddress)
  const timer = timeout > 0 ? clock.schedule(() => fail(new HandshakeTimeoutError(timeout)), timeout) : undefined
  const forget = secureClient(socket, { tls, host, target, onSecure: succeed, onFailure: fail })
  return giveUp
}
