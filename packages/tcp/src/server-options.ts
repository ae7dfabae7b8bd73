import {
  CONNECTION_OPTIONS,
  type ConnectionLimits,
  type OptionDescription,
  type OptionsOf,
  resolveOptions,
  SERVER_OPTIONS,
  type ServerLimits,
} from '@millrace/core'
import { CONTAINER_OPTIONS, type ContainerOptions, type Defaulted } from './common-options.ts'
import { TCP_SOCKET_OPTIONS, type TcpSocketOptions } from './socket-options.ts'

/**
 * Options of {@link createTcpServer}: the bounds of the server, those of each connection, Node's options of each
 * socket, and the container. Every one may be left out.
 */
export interface TcpServerOptions
  extends TcpSocketOptions,
    ContainerOptions,
    OptionsOf<typeof SERVER_OPTIONS>,
    OptionsOf<typeof CONNECTION_OPTIONS> {}

/** Describes {@link TcpServerOptions}. */
export const TCP_SERVER_OPTIONS: Readonly<Record<keyof TcpServerOptions, OptionDescription>> = {
  ...SERVER_OPTIONS,
  ...CONNECTION_OPTIONS,
  ...TCP_SOCKET_OPTIONS,
  ...CONTAINER_OPTIONS,
}

/** The same, checked, with the defaults filled in. */
export type ResolvedServerOptions = ServerLimits &
  ConnectionLimits &
  Defaulted<TcpServerOptions, keyof TcpSocketOptions>

/** @throws {@link InvalidOptionError} */
export function resolveServerOptions(given: TcpServerOptions = {}): ResolvedServerOptions {
  return resolveOptions('createTcpServer', TCP_SERVER_OPTIONS, given) as ResolvedServerOptions
}
