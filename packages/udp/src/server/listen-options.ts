import { InvalidOptionError, type OptionDescription, resolveOptions } from '@millrace/core'
import type { Defaulted } from '../common-options.ts'
import { checkSocketOptions, type SocketDefaults, UDP_SOCKET_OPTIONS, type UdpSocketOptions } from '../socket-options.ts'

/** Options of a UDP server's `listen`. Every one may be left out. */
export interface UdpListenOptions extends UdpSocketOptions {
  /**
   * The port; 0 asks the system for a free one.
   *
   * @defaultValue 0
   */
  readonly port?: number | undefined
  /**
   * The address to bind, or a name for it; `0.0.0.0` for every one of IPv4, `::` for every one. Where a host has several, an answer
   * then comes from the one that the system chooses, which a peer that is connected to another does not take: bind each by itself.
   *
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string | undefined
  /**
   * In a cluster worker: does not share the socket with the other workers.
   *
   * @defaultValue false
   */
  readonly exclusive?: boolean | undefined
}

/** Describes {@link UdpListenOptions}; its defaults are these here. */
export const UDP_LISTEN_OPTIONS: Readonly<Record<keyof UdpListenOptions, OptionDescription>> = {
  port: { type: 'integer', range: [0, 65_535], default: 0, help: 'the port; 0 asks the system for a free one' },
  host: {
    type: 'string',
    default: '127.0.0.1',
    help: 'the address, or a name for one; "::" is every address, "0.0.0.0" every one of IPv4',
  },
  exclusive: {
    type: 'boolean',
    default: false,
    help: 'in a cluster worker: do not share the port with the other workers',
  },
  ...UDP_SOCKET_OPTIONS,
}

/** The same, checked, with the defaults filled in. */
export type ResolvedListenOptions = Defaulted<UdpListenOptions, 'port' | 'host' | 'exclusive' | SocketDefaults>

/** @throws {@link InvalidOptionError} */
export function resolveListenOptions(given: UdpListenOptions = {}): ResolvedListenOptions {
  const resolved = resolveOptions('listen', UDP_LISTEN_OPTIONS, given) as ResolvedListenOptions
  if (resolved.host === '') throw new InvalidOptionError('listen.host', 'an address or a name', '')
  checkSocketOptions('listen', resolved)
  return resolved
}
