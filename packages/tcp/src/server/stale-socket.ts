import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/**
 * Removes the file of a Unix socket that nobody answers on any more, such as one that a killed server left. Any other
 * file, and a socket that somebody listens on, stays as it is.
 *
 * @returns whether the path is free now.
 */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const before = await lstat(path).catch(() => undefined)
  if (before === undefined) return true
  if (!before.isSocket() || !(await isDead(path))) return false
  const after = await lstat(path).catch(() => undefined)
  if (after === undefined) return true
  // Another server that found it dead at the same time may have put its own in its place.
  if (after.ino !== before.ino || after.ctimeMs !== before.ctimeMs) return false
  return unlink(path).then(() => true, () => false)
}

/** Only a refusal says that nobody listens: one that is merely busy, or forbidden to us, lives. */
function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}
