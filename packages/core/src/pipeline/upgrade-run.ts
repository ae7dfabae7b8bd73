import { plaintextBehind } from '../connection/check-upgrade.ts'
import type { TlsInfo } from '../connection/tls-info.ts'
import type { UpgradeOptions } from '../connection/upgrade-options.ts'
import { ConnectionClosedError } from '../errors/connection-errors.ts'
import { UpgradeError } from '../errors/tls-errors.ts'
import type { Engine } from './engine.ts'
import type { Site } from './link.ts'
import type { StageGuard } from './stage-guard.ts'

/**
 * Puts TLS on the connection of a run, for the plugin at a site.
 *
 * @param guard - stands before that plugin's inbound stage; undefined where it cannot.
 * @throws (as a rejection) {@link UpgradeError}; what the handshake failed with.
 */
export async function upgradeRun(
  run: Engine,
  guard: StageGuard | undefined,
  site: Site,
  options: UpgradeOptions,
): Promise<TlsInfo> {
  if (guard === undefined) throw cannotTell(site)
  const release = run.hold()
  // What is written after the upgrade was asked for must not go out in the clear.
  const releaseWrites = run.connection.holdWrites()
  try {
    // What came in the same read goes on through the stages first; there must be none.
    await Promise.resolve()
    if (run.stopped) throw new ConnectionClosedError()
    if (guard.passed) throw plaintextBehind()
    guard.resetAbove()
    return await run.connection.upgrade(options)
  } catch (error) {
    if (error instanceof UpgradeError && error.reason === 'plaintext') run.raise(error, site, 'fail')
    throw error
  } finally {
    guard.remove()
    releaseWrites()
    release()
  }
}

function cannotTell({ plugin }: Site): UpgradeError {
  return new UpgradeError(
    'unsupported',
    `"${plugin}" cannot upgrade: it needs a synchronous inbound stage, and no AsyncStage above it`,
  )
}
