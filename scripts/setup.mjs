// Makes the checkout ready to run: checks Node's version and installs what the lock names where it is not installed yet.
// npm runs it before `npm start`, `npm test` and their like. It imports nothing but Node, as nothing else may be there. Where there
// is a C compiler it brings the native drivers up to date as well (a second or two for each whose sources are newer).
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, compilerFor, host, isStale, nativePackages, targets } from './lib/native-build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const oldest = [20, 19]

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return
  fail(`Node ${oldest.join('.')} or later is needed; this is ${process.versions.node}`)
}

function fail(message) {
  console.error(`setup: ${message}`)
  process.exit(1)
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * Whether node_modules holds what the lock names. npm records what it installed in a lock of its own, written last; the two
 * are compared by content, since times mean nothing after a checkout and npm versions differ in what else they write there.
 * Optional packages are mostly other platforms' binaries: they may be absent.
 */
function isInstalled() {
  const wanted = readPackages('package-lock.json')
  if (wanted === undefined) fail('package-lock.json is missing or unreadable')
  const installed = readPackages('node_modules/.package-lock.json')
  if (installed === undefined) return false
  return Object.entries(wanted).every(([where, entry]) => {
    if (!where.includes('node_modules/')) return true
    const found = installed[where]
    if (found === undefined) return entry.optional === true || entry.devOptional === true
    return entry.version === found.version && entry.integrity === found.integrity && entry.link === found.link
  })
}

/** Runs the npm that runs this, or the one in the path. Its output is shown only when it fails; returns why it failed. */
function install() {
  console.error('setup: installing dependencies (npm ci), once, for about half a minute')
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  const cli = process.env.npm_execpath
  const [command, prefix] = cli !== undefined && /npm-cli\.c?js$/.test(cli) ? [process.execPath, [cli]] : ['npm', []]
  const windowsShell = command === 'npm' && process.platform === 'win32'
  const run = spawnSync(command, [...prefix, ...args], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, shell: windowsShell })
  if (run.status === 0) return undefined
  process.stderr.write(run.stdout ?? '')
  process.stderr.write(run.stderr ?? '')
  return `npm ci failed (${run.error?.message ?? run.signal ?? `exit code ${run.status}`}); its output is above`
}

/** Where the process that installs into this checkout leaves its id. Not in the checkout: `npm ci` empties node_modules. */
function lockFile() {
  return path.join(tmpdir(), `millrace-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.pid`)
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** The process that holds the lock, or undefined when this one has just taken it. */
function takeLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return undefined
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return takeLock(file)
  }
}

/** Installs, one process at a time: two terminals may start at once, and each `npm ci` begins by deleting the other's work. */
async function installOnce() {
  const file = lockFile()
  let said = false
  for (let owner = takeLock(file); owner !== undefined; owner = takeLock(file)) {
    if (owner > 0 && !isRunning(owner)) rmSync(file, { force: true })
    else if (!said) console.error(`setup: waiting for process ${owner}, which is setting up this checkout (${file})`)
    said = true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const failure = isInstalled() ? undefined : install()
  rmSync(file, { force: true })
  if (failure !== undefined) fail(failure)
}

/** Without them all works on Node's own sockets, so nothing that goes wrong here is a failure. */
function buildNative() {
  const stale = host in targets ? nativePackages.filter((native) => isStale(root, native, host)) : []
  if (stale.length === 0) return
  const compiler = compilerFor(host)
  if (compiler === undefined) return console.error('setup: no C compiler, so no native drivers: Node\'s own sockets serve')
  for (const native of stale) {
    try {
      build(root, native, host, compiler)
    } catch (error) {
      const [first, second = ''] = error.message.split('\n')
      console.error(`setup: the native driver ${native.name} does not compile, so Node's own sockets serve: ${first} ${second}`)
    }
  }
}

checkNode()
if (!isInstalled()) await installOnce()
buildNative()
