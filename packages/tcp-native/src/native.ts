import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Binding } from './binding.ts'
import { Poller } from './poller.ts'

let loaded: Poller | undefined

/**
 * Loads the binary for this platform, once, and makes the one poller of this thread.
 *
 * @throws Error that says why it cannot: no binary for this platform, or one that this system does not take (one for
 * glibc on musl, say).
 */
export function loadNative(): Poller {
  return (loaded ??= new Poller(load()))
}

function load(): Binding {
  const platform = `${process.platform}-${process.arch}`
  const file = fileURLToPath(new URL(`../prebuilds/${platform}/tcp.node`, import.meta.url))
  if (!existsSync(file)) throw new Error(`there is no binary for ${platform}`)
  return createRequire(import.meta.url)(file) as Binding
}
