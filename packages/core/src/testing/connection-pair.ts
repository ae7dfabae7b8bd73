import { BaseConnection } from '../connection/base-connection.ts'
import { type Clock, systemClock } from '../connection/clock.ts'
import { CONNECTION_OPTIONS } from '../connection/connection-options.ts'
import type { Connection } from '../connection/connection.ts'
import type { OptionsOf } from '../options/option-description.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import { MemoryDriver } from './memory-driver.ts'

const PAIR_OPTIONS = {
  ...CONNECTION_OPTIONS,
  idleTimeout: { ...CONNECTION_OPTIONS.idleTimeout, default: 0 },
  writeTimeout: { ...CONNECTION_OPTIONS.writeTimeout, default: 0 },
  datagram: { type: 'boolean', default: false, help: 'each chunk is a datagram; there is no half-close' },
} as const

/** Options of {@link connectionPair}: the bounds of a connection, timeouts off by default, and `datagram`. */
export type ConnectionPairOptions = OptionsOf<typeof PAIR_OPTIONS> & {
  /** Default the real one. */
  readonly clock?: Clock
}

const address = (port: number): Connection['localAddress'] => ({ address: 'memory', port, family: 'memory' })

/**
 * Two connections joined in memory: what one writes the other reads, with the same states, bounds and failures as over
 * a socket and none of the waiting.
 *
 * @throws {@link InvalidOptionError}
 *
 * @example
 * const [client, server] = connectionPair()
 * client.write(Uint8Array.of(1))
 */
export function connectionPair(given: ConnectionPairOptions = {}): [BaseConnection, BaseConnection] {
  const { clock = systemClock, ...options } = given
  const { datagram, ...limits } = resolveOptions('connectionPair', PAIR_OPTIONS, options)
  const drivers: MemoryDriver[] = []
  const make = (local: number, remote: number): BaseConnection =>
    new BaseConnection({
      transport: 'memory',
      datagram,
      localAddress: address(local),
      remoteAddress: address(remote),
      limits,
      clock,
      createDriver: (events) => {
        const driver = new MemoryDriver(events)
        drivers.push(driver)
        return driver
      },
    })
  const pair: [BaseConnection, BaseConnection] = [make(1, 2), make(2, 1)]
  const [first, second] = drivers as [MemoryDriver, MemoryDriver]
  first.peer = second
  second.peer = first
  return pair
}
