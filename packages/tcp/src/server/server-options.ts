import {
  CONNECTION_OPTIONS,
  type ConnectionLimits,
  type OptionDescription,
  type OptionsOf,
  resolveOptions,
  SERVER_OPTIONS,
  type ServerLimits,
} from '@millrace/core'
import { CONTAINER_OPTIONS, type ContainerOptions, type Defaulted } from '../common-options.ts'
import { HANDSHAKE_TIMEOUT, TLS_OPTION, type TlsServerOptions } from '../tls/tls-options.ts'
import { TCP_SOCKET_OPTIONS, type TcpSocketOptions } from '../socket-options.ts'

/**
 * Options of {@link createTcpServer}: the bounds of the server, those of each connection, Node's options of each
 * socket, and the container. Every one may be left out.
 */
export interface TcpServerOptions
  extends TcpSocketOptions,
    ContainerOptions,
    OptionsOf<typeof SERVER_OPTIONS>,
    OptionsOf<typeof CONNECTION_OPTIONS> {
  /**
   * Speaks TLS with every connection; A connection is offered to the pipeline, or the iteration, when
   * its handshake is complete; it counts towards `maxConnections` from the beginning.
   */
  readonly tls?: TlsServerOptions | undefined
  /**
   * With `tls`: how long a handshake may take, in milliseconds, until its connection is closed; 0 waits without end.
   *
   * @defaultValue 5_000
   */
  readonly handshakeTimeout?: number | undefined
}

/** Describes {@link TcpServerOptions}. */
export const TCP_SERVER_OPTIONS: Readonly<Record<keyof TcpServerOptions, OptionDescription>> = {
  ...SERVER_OPTIONS,
  ...CONNECTION_OPTIONS,
  ...TCP_SOCKET_OPTIONS,
  tls: TLS_OPTION,
  handshakeTimeout: HANDSHAKE_TIMEOUT,
  ...CONTAINER_OPTIONS,
}

/** The same, checked, with the defaults filled in. */
export type ResolvedServerOptions = ServerLimits &
  ConnectionLimits &
  Defaulted<TcpServerOptions, keyof TcpSocketOptions | 'handshakeTimeout'>

/** @throws {@link InvalidOptionError} */
export function resolveServerOptions(given: TcpServerOptions = {}): ResolvedServerOptions {
  return resolveOptions('createTcpServer', TCP_SERVER_OPTIONS, given) as ResolvedServerOptions
}
