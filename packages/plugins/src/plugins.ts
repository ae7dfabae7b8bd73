import { chunker } from './chunker.ts'
import { discard } from './discard.ts'
import { echo } from './echo.ts'
import { compress } from './guards/compress.ts'
import { connectionGuard } from './guards/connection-guard.ts'
import { faults } from './guards/faults.ts'
import { frameTimeout } from './guards/frame-timeout.ts'
import { idle } from './guards/idle.ts'
import { ipFilter } from './guards/ip-filter.ts'
import { pcap } from './guards/pcap.ts'
import { proxyProtocol } from './guards/proxy-protocol.ts'
import { rateLimit } from './guards/rate-limit.ts'
import { logging } from './logging.ts'
import { uppercaser } from './uppercaser.ts'

/**
 * Every plugin of this package, for a registry.
 *
 * @example
 * new PluginRegistry(plugins).configure({ name: 'chunker', value: '16', pairs: [] })
 */
export const plugins: readonly [
  typeof logging,
  typeof chunker,
  typeof uppercaser,
  typeof echo,
  typeof discard,
  typeof ipFilter,
  typeof connectionGuard,
  typeof rateLimit,
  typeof frameTimeout,
  typeof proxyProtocol,
  typeof idle,
  typeof faults,
  typeof pcap,
  typeof compress,
] = [
  logging,
  chunker,
  uppercaser,
  echo,
  discard,
  ipFilter,
  connectionGuard,
  rateLimit,
  frameTimeout,
  proxyProtocol,
  idle,
  faults,
  pcap,
  compress,
]
