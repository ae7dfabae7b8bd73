import { chain64B } from './chain-64b.ts'
import { chain64KiB } from './chain-64kib.ts'
import { connections } from './connections.ts'
import { crowdTcp } from './crowd-tcp.ts'
import { crowdUdp } from './crowd-udp.ts'
import { data64B } from './data-64b.ts'
import { data64KiB } from './data-64kib.ts'
import { echo1KiB } from './echo-1kib.ts'
import { echo64BPingPong } from './echo-64b-ping-pong.ts'
import { echo64BPipelined } from './echo-64b-pipelined.ts'
import { echo64KiB } from './echo-64kib.ts'
import { forAwait64B } from './for-await-64b.ts'
import { forAwait64KiB } from './for-await-64kib.ts'
import { idleMemory } from './idle-memory.ts'
import { jsonCalls } from './json-calls.ts'
import { tls64B } from './tls-64b.ts'
import { tls64KiB } from './tls-64kib.ts'
import { tlsHandshakes } from './tls-handshakes.ts'
import { transforms64B } from './transforms-64b.ts'
import { udpEcho1200B } from './udp-1200b.ts'
import { udpEcho64B } from './udp-64b.ts'
import { udpForAwait1200B } from './udp-for-await-1200b.ts'
import { udpForAwait64B } from './udp-for-await-64b.ts'
import type { Workload } from './workload.ts'

/** In the order of the table. */
export const workloads: readonly Workload[] = [
  echo64BPingPong,
  echo64BPipelined,
  echo1KiB,
  echo64KiB,
  forAwait64B,
  forAwait64KiB,
  data64B,
  data64KiB,
  chain64B,
  transforms64B,
  chain64KiB,
  jsonCalls,
  connections,
  tls64B,
  tls64KiB,
  tlsHandshakes,
  idleMemory,
  udpEcho64B,
  udpEcho1200B,
  udpForAwait64B,
  udpForAwait1200B,
  crowdTcp,
  crowdUdp,
]
