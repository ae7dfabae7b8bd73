import type { Load } from '../workloads/workload.ts'
import type { ClosedLoop } from './closed-loop.ts'
import { openNativeLoop } from './native-loop.ts'
import { openTcpCrowd } from './tcp-crowd.ts'
import { openTcpReconnect } from './tcp-reconnect.ts'
import { openTcpSteady } from './tcp-steady.ts'
import { openUdpSteady } from './udp-steady.ts'
import { verifyTcp, type VerifyOptions } from './verify-tcp.ts'
import { verifyUdp } from './verify-udp.ts'

/** What a generator is written in. */
export type GeneratorLanguage = 'C' | 'Node'

/** Opens a loop with a server. @throws where it cannot be reached, or nothing of the kind is there. */
export async function openLoop(port: number, load: Load, language: GeneratorLanguage): Promise<ClosedLoop> {
  // The one in C speaks no TLS.
  if (language === 'C' && load.tls === undefined) return openNativeLoop(port, load)
  switch (`${load.transport} ${load.pace}` as const) {
    case 'tcp steady':
      return openTcpSteady(port, load)
    case 'tcp crowd':
      return openTcpCrowd(port, load)
    case 'tcp reconnect':
      return openTcpReconnect(port, load)
    case 'udp steady':
      return openUdpSteady(port, load)
    case 'udp crowd':
      throw new Error('needs the generator in C: Node cannot send from so many addresses')
    case 'udp reconnect':
      throw new Error('UDP has no connections to make anew')
  }
}

/** Compares every byte that a server sends back. A crowd over UDP does that when it is opened, and ever after. */
export async function verify(port: number, load: Load, options: VerifyOptions): Promise<void> {
  if (load.transport === 'tcp') await verifyTcp(port, load, options)
  else if (load.pace === 'steady') await verifyUdp(port, load)
}
