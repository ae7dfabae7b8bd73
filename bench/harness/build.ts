import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { sourceFolder } from './folders.ts'

/** Compiles the packages and the bench, as far as they have changed. What is measured is what would be published. */
export function build(): void {
  compile(sourceFolder)
}

/** Compiles a project and what it refers to. @throws where it does not compile. */
export function compile(project: string): void {
  const compiler = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-b', project], { stdio: ['ignore', 2, 'inherit'] })
  if (status !== 0) throw new Error(`${path.relative(process.cwd(), project)} does not compile`)
}
