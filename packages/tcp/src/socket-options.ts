import type { OptionDescription } from '@millrace/core'
import { LONGEST_DELAY } from './common-options.ts'

/**
 * Options of every TCP socket, server side and client side: Node's, under Node's names. They mean nothing on a Unix
 * socket.
 */
export interface TcpSocketOptions {
  /**
   * Whether small writes go out at once (TCP_NODELAY). True, unlike Node's own default: the writes of one turn are
   * joined before they reach the socket, so that holding them back for more (RFC 896) would only add latency.
   *
   * @defaultValue true
   */
  readonly noDelay?: boolean | undefined
  /**
   * Whether the system probes a silent peer (SO_KEEPALIVE). Of use where `idleTimeout` is 0.
   *
   * @defaultValue false
   */
  readonly keepAlive?: boolean | undefined
  /**
   * Silence before the first probe, in milliseconds, rounded down to a second; 0 leaves it to the system (two hours on
   * Linux).
   *
   * @defaultValue 0
   */
  readonly keepAliveInitialDelay?: number | undefined
}

/** Describes {@link TcpSocketOptions}; its defaults are these here. */
export const TCP_SOCKET_OPTIONS: Readonly<Record<keyof TcpSocketOptions, OptionDescription>> = {
  noDelay: { type: 'boolean', default: true, help: 'send small writes at once (TCP_NODELAY)' },
  keepAlive: { type: 'boolean', default: false, help: 'let the system probe a silent peer (SO_KEEPALIVE)' },
  keepAliveInitialDelay: {
    type: 'integer',
    unit: 'ms',
    range: [0, LONGEST_DELAY],
    default: 0,
    help: 'silence before the first keep-alive probe; 0 leaves it to the system',
  },
}
