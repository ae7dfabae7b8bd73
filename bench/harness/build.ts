import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Compiles the packages and the bench, as far as they have changed. What is measured is what would be published. */
export function build(): void {
  const compiler = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const bench = fileURLToPath(new URL('..', import.meta.url))
  const { status } = spawnSync(process.execPath, [compiler, '-b', bench], { stdio: ['ignore', 2, 'inherit'] })
  if (status !== 0) throw new Error('the build failed')
}
