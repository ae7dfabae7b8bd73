import { chain64B } from './chain-64b.ts'
import { tcpBulk64KiB } from './tcp-bulk-64kib.ts'
import { tcpPingPong64B } from './tcp-ping-pong-64b.ts'
import { tcpPipelined64B } from './tcp-pipelined-64b.ts'
import { udp1200B } from './udp-1200b.ts'
import { udp64B } from './udp-64b.ts'
import type { Workload } from './workload.ts'

/** In the order of the table. */
export const workloads: readonly Workload[] = [
  tcpPingPong64B,
  tcpPipelined64B,
  tcpBulk64KiB,
  chain64B,
  udp64B,
  udp1200B,
]
