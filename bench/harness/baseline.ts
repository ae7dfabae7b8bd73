import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { compile } from './build.ts'
import { cacheFolder, rootFolder, sourceFolder } from './folders.ts'

/** Another commit of ours, built, with the servers of this tree's bench on its packages. */
export interface Baseline {
  /** Its short name. */
  readonly revision: string
  /** The folder whose `dist` holds the servers. */
  readonly bench: string
}

/**
 * Puts a commit's files below `node_modules/.cache`, lets it set itself up (its own `npm ci`, half a minute; what it compiles),
 * builds its packages, and puts this tree's servers beside them: so what differs between the two sides is the packages
 * alone. All of it stays there for the next time.
 *
 * @throws where there is no such commit, or it cannot be built.
 */
export function prepareBaseline(name: string): Baseline {
  const revision = git('rev-parse', '--short', `${name}^{commit}`)
  const folder = path.join(cacheFolder, `commit-${revision}`)
  if (!existsSync(folder)) extract(revision, folder)
  run(folder, process.execPath, 'scripts/setup.mjs')
  compile(path.join(folder, 'packages/millrace'))
  const bench = path.join(folder, 'bench')
  rmSync(path.join(bench, 'dist'), { recursive: true, force: true })
  cpSync(path.join(sourceFolder, 'dist'), path.join(bench, 'dist'), { recursive: true })
  return { revision, bench }
}

/** From an archive: a worktree would be one more thing that git keeps a record of. Moved into its place when it is whole. */
function extract(revision: string, folder: string): void {
  console.error(`setting up ${revision}, once`)
  const draft = `${folder}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  git('archive', '--format=tar', `--output=${draft}.tar`, revision)
  run(rootFolder, 'tar', '-xf', `${draft}.tar`, '-C', draft)
  rmSync(`${draft}.tar`)
  renameSync(draft, folder)
}

function git(...args: readonly string[]): string {
  return run(rootFolder, 'git', ...args)
}

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${stderr.trim()}`)
  return stdout.trim()
}
