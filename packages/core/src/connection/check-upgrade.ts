import { UpgradeError } from '../errors/tls-errors.ts'
import type { ConnectionInfo, ConnectionStatus } from './connection.ts'
import type { Driver } from './driver.ts'

/** A connection as far as it matters for an upgrade. */
interface Upgradable extends ConnectionInfo {
  readonly status: ConnectionStatus
  /** Chunks that have arrived and nobody has read. */
  readonly queuedItems: number
}

/** @throws {@link UpgradeError} where the connection cannot be upgraded. */
export function checkUpgrade({ transport, status, tls, queuedItems }: Upgradable, driver: Driver): void {
  if (!driver.upgrade) throw new UpgradeError('unsupported', `a connection over ${transport} cannot be upgraded`)
  if (tls) throw new UpgradeError('state', 'the connection speaks TLS already')
  if (status !== 'open') throw new UpgradeError('state', `a connection that is ${status} cannot be upgraded`)
  if (queuedItems > 0) throw plaintextBehind()
}

/** Made where input in the clear is found behind what asked for TLS. */
export function plaintextBehind(): UpgradeError {
  return new UpgradeError('plaintext', 'bytes in the clear came behind what asked for TLS: they may have been put there on the way')
}
