import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { cacheFolder, sourceFolder } from './folders.ts'

const FLAGS = ['-O2', '-std=gnu11']

/**
 * A program of `native/`, compiled where it has not been before: by `$CC`, else by `cc`. Nothing of it is committed, and
 * nothing needs it: a peer without it is a row that says so.
 *
 * @returns its file.
 * @throws where there is no compiler, or it takes offence.
 */
export function compiled(program: string): string {
  const folder = path.join(sourceFolder, 'native')
  const source = path.join(folder, `${program}.c`)
  const compiler = process.env['CC'] ?? 'cc'
  const hash = createHash('sha256').update(compiler)
  for (const file of [source, path.join(folder, 'serve.h'), path.join(folder, 'load.h')]) hash.update(readFileSync(file))
  const target = path.join(cacheFolder, `${program}-${hash.digest('hex').slice(0, 12)}`)
  if (existsSync(target)) return target
  mkdirSync(cacheFolder, { recursive: true })
  // Moved into its place when it is whole: two may compile at once.
  const draft = `${target}.${process.pid}`
  const { error, status, stderr } = spawnSync(compiler, [...FLAGS, '-o', draft, source], { encoding: 'utf8' })
  if (error) throw new Error(`no C compiler: ${compiler} cannot be run`)
  if (status !== 0) throw new Error(`${compiler} failed: ${stderr.trim().split('\n')[0]}`)
  renameSync(draft, target)
  return target
}

/** Whether the generators in C are there: compiles them. */
export function hasNativeGenerators(): boolean {
  try {
    for (const program of ['tcp-steady', 'tcp-reconnect', 'udp-crowd']) compiled(program)
    return true
  } catch {
    return false
  }
}
