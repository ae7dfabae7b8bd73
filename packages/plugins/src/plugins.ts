import { chunker } from './chunker.ts'
import { discard } from './discard.ts'
import { echo } from './echo.ts'
import { cobs } from './framing/cobs.ts'
import { delimiter } from './framing/delimiter.ts'
import { fixedLength } from './framing/fixed-length.ts'
import { lengthPrefixed } from './framing/length-prefixed.ts'
import { lines } from './framing/lines.ts'
import { netstring } from './framing/netstring.ts'
import { slip } from './framing/slip.ts'
import { varintPrefixed } from './framing/varint-prefixed.ts'
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
import { jsonLines } from './messages/json-lines.ts'
import { json } from './messages/json.ts'
import { msgpack } from './messages/msgpack.ts'
import { text } from './messages/text.ts'
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
  typeof lines,
  typeof delimiter,
  typeof fixedLength,
  typeof lengthPrefixed,
  typeof varintPrefixed,
  typeof netstring,
  typeof slip,
  typeof cobs,
  typeof json,
  typeof jsonLines,
  typeof msgpack,
  typeof text,
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
  lines,
  delimiter,
  fixedLength,
  lengthPrefixed,
  varintPrefixed,
  netstring,
  slip,
  cobs,
  json,
  jsonLines,
  msgpack,
  text,
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
