import type { ConnectionInfo } from '../connection/connection.ts'
import type { ProceedChanges } from './plugin.ts'

/** The same connection, its byte counts live, with what a gating plugin has learnt of it. */
export function changedInfo(info: ConnectionInfo, changes: ProceedChanges): ConnectionInfo {
  const { id, transport, datagram, localAddress, remoteAddress } = info
  return {
    id,
    transport,
    datagram,
    localAddress: changes.localAddress ?? localAddress,
    remoteAddress: changes.remoteAddress ?? remoteAddress,
    get tls() {
      return info.tls
    },
    get bytesRead() {
      return info.bytesRead
    },
    get bytesWritten() {
      return info.bytesWritten
    },
  }
}
