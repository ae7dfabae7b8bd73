import { isIP, type LookupFunction } from 'node:net'
import { InvalidOptionError, type OptionDescription } from '@millrace/core'

/** A multicast group to take part in. */
export interface MulticastMembership {
  /** The group: an address in 224.0.0.0/4 or ff00::/8. */
  readonly groupAddress: string
  /** Only what this source sends there (source-specific multicast, RFC 4607). Default: whatever anyone sends. */
  readonly sourceAddress?: string | undefined
  /** The interface to join on: its IPv4 address, or `::%eth0` for IPv6. Default: the system chooses. */
  readonly multicastInterface?: string | undefined
}

/** Options of a socket, server side and client side, under the names that Node gives them. */
export interface UdpSocketOptions {
  /** The kind of socket. Default: as the host is an IPv4 or an IPv6 address, or resolves to one. */
  readonly type?: 'udp4' | 'udp6' | undefined
  /**
   * A socket bound to `::` takes no IPv4 peers.
   *
   * @defaultValue false
   */
  readonly ipv6Only?: boolean | undefined
  /**
   * Binds though another socket has the address. Which of them gets a datagram is up to the system: leave it off but
   * for multicast receivers that share a port.
   *
   * @defaultValue false
   */
  readonly reuseAddr?: boolean | undefined
  /**
   * Shares the port with other sockets that ask for it, each getting a part of the peers. Node 22.12 and later.
   *
   * @defaultValue false
   */
  readonly reusePort?: boolean | undefined
  /**
   * The kernel's buffer for what arrives, in bytes: what bursts are lost without. The kernel may give less (on Linux
   * `net.core.rmem_max`).
   *
   * @defaultValue 4 MiB
   */
  readonly recvBufferSize?: number | undefined
  /** The kernel's buffer for what is sent, in bytes. Default: the system's. */
  readonly sendBufferSize?: number | undefined
  /**
   * Allows sending to broadcast addresses.
   *
   * @defaultValue false
   */
  readonly broadcast?: boolean | undefined
  /** How many routers a datagram may pass, 1 to 255. Default: the system's, usually 64. */
  readonly ttl?: number | undefined
  /** The same for multicast, 0 to 255. Default: 1, the local network. */
  readonly multicastTTL?: number | undefined
  /** Whether multicast datagrams come back to this host. Default: they do. */
  readonly multicastLoopback?: boolean | undefined
  /**
   * The interface that multicast datagrams leave by: its IPv4 address, or `::%eth0` for IPv6. Default: the system
   * chooses.
   */
  readonly multicastInterface?: string | undefined
  /**
   * Multicast groups to join, each by its address or in full. Bind a wildcard address, or the group's own, to receive
   * them.
   */
  readonly memberships?: readonly (string | MulticastMembership)[] | undefined
  /** Looks names up in place of `dns.lookup`; has its signature. */
  readonly lookup?: LookupFunction | undefined
  /** Gives up what has not come about yet: the promise rejects with its reason. Has no effect after. */
  readonly signal?: AbortSignal | undefined
}

/** Those of {@link UdpSocketOptions} that have a default. */
export type SocketDefaults = 'ipv6Only' | 'reuseAddr' | 'reusePort' | 'recvBufferSize' | 'broadcast'

const BUFFER = [1, 2 ** 31 - 1] as const

/** Describes {@link UdpSocketOptions}. */
export const UDP_SOCKET_OPTIONS: Readonly<Record<keyof UdpSocketOptions, OptionDescription>> = {
  type: { type: 'string', values: ['udp4', 'udp6'], help: 'the kind of socket; by default as the host asks' },
  ipv6Only: { type: 'boolean', default: false, help: 'on "::": take no IPv4 peers' },
  reuseAddr: {
    type: 'boolean',
    default: false,
    help: 'bind though another socket has the address, and maybe lose datagrams to it',
  },
  reusePort: {
    type: 'boolean',
    default: false,
    help: 'share the port with other sockets that set it too (SO_REUSEPORT); from Node 22.12 on',
  },
  recvBufferSize: {
    type: 'integer',
    unit: 'bytes',
    range: BUFFER,
    default: 4 * 1024 * 1024,
    help: 'the kernel’s buffer for what arrives; it may give less (Linux: net.core.rmem_max)',
  },
  sendBufferSize: { type: 'integer', unit: 'bytes', range: BUFFER, help: 'the kernel’s buffer for what is sent' },
  broadcast: { type: 'boolean', default: false, help: 'allow sending to broadcast addresses' },
  ttl: { type: 'integer', unit: 'hops', range: [1, 255], help: 'how many routers a datagram may pass' },
  multicastTTL: {
    type: 'integer',
    unit: 'hops',
    range: [0, 255],
    help: 'how many routers a multicast datagram may pass',
  },
  multicastLoopback: { type: 'boolean', help: 'whether multicast datagrams come back to this host' },
  multicastInterface: { type: 'string', help: 'the interface that multicast datagrams leave by: an address of it' },
  memberships: {
    type: 'code',
    expected: 'an array of multicast groups: addresses, or { groupAddress, sourceAddress, multicastInterface }',
    check: (value): value is unknown => Array.isArray(value) && value.every(isMembership),
    help: 'multicast groups to join',
  },
  lookup: {
    type: 'code',
    expected: 'a function',
    check: (value): value is LookupFunction => typeof value === 'function',
    help: 'looks names up in place of dns.lookup',
  },
  signal: {
    type: 'code',
    expected: 'an AbortSignal',
    check: (value): value is AbortSignal => value instanceof AbortSignal,
    help: 'gives up waiting',
  },
}

const isTextOrNothing = (value: unknown): boolean => value === undefined || typeof value === 'string'

function isMembership(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isGroup(value)
  const { groupAddress, sourceAddress, multicastInterface } = value as Record<string, unknown>
  return isGroup(groupAddress) && isTextOrNothing(sourceAddress) && isTextOrNothing(multicastInterface)
}

function isGroup(value: unknown): boolean {
  if (typeof value !== 'string' || isIP(value) === 0) return false
  return value.includes(':') ? /^ff/i.test(value) : /^2(2[4-9]|3\d)\./.test(value)
}

/** Node 22.12 and 23.1 brought it; older ones leave it out without a word. */
export const HAS_REUSE_PORT: boolean = hasReusePort(process.versions.node)

function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}

/** @throws {@link InvalidOptionError} for what the descriptions cannot say. */
export function checkSocketOptions(owner: string, { reusePort }: UdpSocketOptions): void {
  if (!reusePort || HAS_REUSE_PORT) return
  const expected = `left out on Node ${process.versions.node}: 22.12 brought it`
  throw new InvalidOptionError(`${owner}.reusePort`, expected, true)
}

/** What a driver binds: an address, which is no name, and Node's own options. */
export interface BindOptions extends Omit<UdpSocketOptions, 'type' | 'lookup'> {
  readonly type: 'udp4' | 'udp6'
  readonly address: string
  readonly port: number
  readonly exclusive?: boolean | undefined
}
