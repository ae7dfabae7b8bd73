import { CONNECTION_OPTIONS, InvalidOptionError, type OptionDescription, resolveOptions } from '@millrace/core'
import { COMMON_OPTIONS, type CommonDefaults, type CommonOptions, type Defaulted } from '../common-options.ts'
import { checkSocketOptions, type SocketDefaults, UDP_SOCKET_OPTIONS, type UdpSocketOptions } from '../socket-options.ts'

/** Options of {@link connectUdp}. Only `port` is needed. */
export interface UdpConnectOptions extends UdpSocketOptions, CommonOptions {
  /** The peer's port, 1 to 65,535. */
  readonly port: number
  /**
   * The peer's address, or a name for it.
   *
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string | undefined
  /** The address to send from. Default: the system chooses. */
  readonly localAddress?: string | undefined
  /**
   * The port to send from; 0 asks the system for a free one.
   *
   * @defaultValue 0
   */
  readonly localPort?: number | undefined
  /**
   * No datagram either way for this long, in ms, closes the connection with `IdleTimeoutError`; 0 never does.
   *
   * @defaultValue 60_000
   */
  readonly idleTimeout?: number | undefined
}

/** Describes {@link UdpConnectOptions}; its defaults are these here. */
export const UDP_CONNECT_OPTIONS: Readonly<Record<keyof UdpConnectOptions, OptionDescription>> = {
  port: { type: 'integer', range: [1, 65_535], help: 'the port' },
  host: { type: 'string', default: '127.0.0.1', help: 'the address, or a name for it' },
  localAddress: { type: 'string', help: 'the address to send from' },
  localPort: { type: 'integer', range: [0, 65_535], default: 0, help: 'the port to send from; 0 asks the system' },
  idleTimeout: {
    ...CONNECTION_OPTIONS.idleTimeout,
    help: 'no datagram either way for this long closes the connection; 0 never does',
  },
  ...UDP_SOCKET_OPTIONS,
  ...COMMON_OPTIONS,
}

/** The same, checked, with the defaults filled in. */
export type ResolvedConnectOptions = Defaulted<
  UdpConnectOptions,
  'host' | 'localPort' | 'idleTimeout' | SocketDefaults | CommonDefaults
>

/** @throws {@link InvalidOptionError} */
export function resolveConnectOptions(given: UdpConnectOptions): ResolvedConnectOptions {
  const resolved = resolveOptions('connectUdp', UDP_CONNECT_OPTIONS, given) as ResolvedConnectOptions
  if (resolved.port === undefined) throw new InvalidOptionError('connectUdp.port', 'given', undefined)
  if (resolved.host === '') throw new InvalidOptionError('connectUdp.host', 'an address or a name', '')
  checkSocketOptions('connectUdp', resolved)
  return resolved
}
