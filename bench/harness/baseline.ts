import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
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
 * Puts a commit's files below `node_modules/.cache`, builds its packages, and puts this tree's servers beside them: so what
 * differs between the two sides is the packages alone. They stay there for the next time.
 *
 * @throws where there is no such commit, or it cannot be built.
 */
export function prepareBaseline(name: string): Baseline {
  const revision = git('rev-parse', '--short', `${name}^{commit}`)
  const folder = path.join(cacheFolder, `commit-${revision}`)
  if (!existsSync(folder)) extract(revision, folder)
  linkPackages(folder)
  compile(path.join(folder, 'packages/millrace'))
  const bench = path.join(folder, 'bench')
  rmSync(path.join(bench, 'dist'), { recursive: true, force: true })
  cpSync(path.join(sourceFolder, 'dist'), path.join(bench, 'dist'), { recursive: true })
  return { revision, bench }
}

/** From an archive: a worktree would be one more thing that git keeps a record of. Moved into its place when it is whole. */
function extract(revision: string, folder: string): void {
  console.error(`extracting ${revision}`)
  const draft = `${folder}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  git('archive', '--format=tar', `--output=${draft}.tar`, revision)
  run('tar', '-xf', `${draft}.tar`, '-C', draft)
  rmSync(`${draft}.tar`)
  renameSync(draft, folder)
}

function git(...args: readonly string[]): string {
  return run('git', ...args)
}

function run(command: string, ...args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: rootFolder, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${stderr.trim()}`)
  return stdout.trim()
}

/**
 * Its own packages by their names. Everything else is found where this tree's is: the folder is inside this tree's
 * `node_modules`. Where it asks for other versions, it gets an installation of its own.
 */
function linkPackages(folder: string): void {
  const modules = path.join(folder, 'node_modules')
  if (!existsSync(modules) && !sameDependencies(folder)) return install(folder)
  if (existsSync(path.join(modules, '.package-lock.json'))) return
  const packages = path.join(folder, 'packages')
  for (const entry of readdirSync(packages)) {
    const { name } = readJson(path.join(packages, entry, 'package.json')) as { name: string }
    const link = path.join(modules, name)
    mkdirSync(path.dirname(link), { recursive: true })
    if (!existsSync(link)) symlinkSync(path.join(packages, entry), link, 'junction')
  }
}

/** Whether everything the other lock names is installed here in the same version. */
function sameDependencies(folder: string): boolean {
  const versions = (root: string): Map<string, string> => {
    const { packages } = readJson(path.join(root, 'package-lock.json')) as {
      packages: Record<string, { version?: string }>
    }
    const named = Object.entries(packages).flatMap(([where, { version }]) => (version ? [[where, version] as const] : []))
    return new Map(named.filter(([where]) => where.includes('node_modules/')))
  }
  const here = versions(rootFolder)
  return [...versions(folder)].every(([where, version]) => here.get(where) === version)
}

function install(folder: string): void {
  console.error('installing what it depends on')
  const cli = process.env['npm_execpath']
  const [command, first] = cli === undefined ? ['npm', []] : [process.execPath, [cli]]
  const args = [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 2, 'inherit'] })
  if (status !== 0) throw new Error('npm ci failed')
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
