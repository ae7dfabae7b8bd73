/**
 * One end of a connection, under Node's names. A Unix socket has its path as `address`, an empty one where the end has
 * no name, and no port.
 */
export interface SocketAddress {
  /** An IP address in Node's spelling, or the path of a Unix socket. */
  readonly address: string
  /** 0 to 65,535; 0 for a Unix socket or an in-memory pair. */
  readonly port: number
  readonly family: 'IPv4' | 'IPv6' | 'unix' | 'memory'
}

/**
 * The address as people write it: `127.0.0.1:10000`, `[::1]:10000`, or the path.
 *
 * @example
 * formatAddress({ address: '::1', port: 53, family: 'IPv6' }) // '[::1]:53'
 */
export function formatAddress({ address, port, family }: SocketAddress): string {
  if (family === 'IPv4') return `${address}:${port}`
  if (family === 'IPv6') return `[${address}]:${port}`
  return address || family
}
