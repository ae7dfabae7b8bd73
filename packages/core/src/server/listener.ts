import type { Transport } from '../connection/connection.ts'
import type { BaseConnection } from '../connection/base-connection.ts'
import type { SocketAddress } from '../connection/socket-address.ts'
import type { ServerEvent } from './events.ts'

/** What a listener hands its connections and its news to: the server. */
export interface Acceptor {
  /**
   * Takes over a fresh connection: asks the limits and every plugin's `accept`, then runs the pipeline on it or offers it to the
   * iteration. A refusal has been counted and reported when this returns.
   *
   * @returns false where it was refused: the listener then ends the connection by itself, at once.
   */
  accept(connection: BaseConnection): boolean

  /**
   * Keeps a place for a connection that must be made ready first, such as by a handshake: it counts towards the limits from
   * now on. A refusal has been counted and reported when this returns.
   *
   * @returns what gives the place back, to be called once: right before {@link accept}, or when nothing came of it. Undefined
   * where there is no place.
   */
  reserve(transport: Transport, remoteAddress: SocketAddress): (() => void) | undefined

  /** Counts what has to be counted, publishes to `events$` and to the diagnostics channel. Never throws. */
  report(event: ServerEvent): void
}

/**
 * The part of a server that a transport supplies: binding an address and making connections. `BaseServer` does the rest:
 * limits, pipelines, events, draining.
 *
 * @typeParam L - the options of `listen`.
 */
export interface Listener<L> {
  readonly transport: Transport

  /**
   * Binds, and hands each connection to the acceptor from now on.
   *
   * @throws {@link ListenError}, {@link InvalidOptionError}; `signal.reason` where `options` carry one, nothing being bound then.
   */
  listen(options: L, acceptor: Acceptor): Promise<SocketAddress>

  /** Accepts no more. Live connections go on. Idempotent; also called on one that never listened. */
  stopAccepting(): void

  /** Releases everything, after the last connection has gone; resolves when nothing is left. Idempotent. */
  close(): Promise<void>
}
