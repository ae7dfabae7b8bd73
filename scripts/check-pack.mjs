// `npm run check:pack`: what npm would publish, used as a stranger would. Builds, packs each public package, checks the tarballs
// (publint, arethetypeswrong), installs them into an empty project and there imports every entry, compiles and runs an echo over
// TCP and runs the command, on Node 20 and 24. Everything but the build lies in a temporary directory, removed at the end.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultsOf, hasReadelf } from './lib/elf.mjs'
import { build as buildNative, compilerFor, host, nativePackages, targets } from './lib/native-build.mjs'
import { nodeVersion } from './lib/node-version.mjs'
import { npmOutput } from './lib/npm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const majors = [20, 24]

/** The public packages, each with its directory and its package.json. */
function publicPackages() {
  return readdirSync(path.join(root, 'packages'))
    .map((name) => path.join(root, 'packages', name))
    .filter((directory) => existsSync(path.join(directory, 'package.json')))
    .map((directory) => ({ directory, manifest: JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
}

/** Runs a program to its end; throws with all it wrote when it fails. */
function run(command, args, cwd = root) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 })
  if (status === 0) return stdout.trim()
  throw new Error(`${path.basename(command)} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}\n${stdout}${stderr}`)
}

/** Runs a tool of the workspace's own. */
function tool(name, args, cwd = root) {
  const file = {
    tsc: 'typescript/bin/tsc',
    publint: 'publint/src/cli.js',
    attw: '@arethetypeswrong/cli/dist/index.js',
  }[name]
  return run(process.execPath, [path.join(root, 'node_modules', file), ...args], cwd)
}

/** Builds from nothing: `tsc -b` does not bring back a file that was deleted, nor take away one whose source has gone. */
function build(packages) {
  for (const { directory } of packages) rmSync(path.join(directory, 'dist'), { recursive: true, force: true })
  tool('tsc', ['-b', 'packages/millrace'])
}

/** Makes the binaries that can be made here, and checks them; what a release lacks without a cross-compiler is said. */
function buildBinaries() {
  for (const { name } of nativePackages) rmSync(path.join(root, 'packages', name, 'prebuilds'), { recursive: true, force: true })
  return Object.keys(targets).filter((target) => {
    const compiler = compilerFor(target)
    if (compiler === undefined) console.log(`  ${target}: no compiler here, so packed without it`)
    else for (const native of nativePackages) buildBinary(native, target, compiler)
    return compiler !== undefined
  })
}

function buildBinary(native, target, compiler) {
  const binary = buildNative(root, native, target, compiler)
  const faults = hasReadelf() ? faultsOf(binary, { machine: targets[target].machine, oldest: '2.28' }) : []
  if (faults.length > 0) throw new Error(`${native.name}, ${target}: ${faults.join(', ')}`)
}

/** What a package has to bring of the binaries that were built. */
function binariesOf({ name }, built) {
  const native = nativePackages.find((one) => name === `@millrace/${one.name}`)
  return native === undefined ? [] : built.map((target) => `prebuilds/${target}/${native.binary}`)
}

/** Packs one package and checks what is in the tarball; returns its path. */
function pack({ directory, manifest }, destination, built) {
  const [packed] = JSON.parse(npmOutput(['pack', '--json', '--ignore-scripts', '--pack-destination', destination], { cwd: directory }))
  const files = packed.files.map((file) => file.path)
  const entries = Object.values(manifest.exports).flatMap((entry) => [entry.types, entry.default])
  const wanted = [...entries, ...Object.values(manifest.bin ?? {}), ...binariesOf(manifest, built)].map((file) => path.posix.normalize(file)).concat('LICENSE')
  const absent = wanted.filter((file) => !files.includes(file))
  if (absent.length > 0) throw new Error(`${manifest.name}: not in the tarball: ${absent.join(', ')}`)
  const strange = files.filter((file) => /(^|\/)(test|node_modules)\/|\.tsbuildinfo$/.test(file))
  if (strange.length > 0) throw new Error(`${manifest.name}: should not be in the tarball: ${strange.join(', ')}`)
  console.log(`  ${manifest.name} ${manifest.version}: ${files.length} files, ${Math.round(packed.size / 1024)} KiB packed`)
  return path.join(destination, packed.filename)
}

function checkTarball(tarball) {
  tool('publint', ['run', tarball, '--strict'])
  tool('attw', [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--no-color'])
}

/** Every name that can be imported: each key of each package's `exports`. */
function entryNames(packages) {
  return packages.flatMap(({ manifest }) => Object.keys(manifest.exports).map((key) => path.posix.join(manifest.name, key)))
}

/** Installs the tarballs into an empty project, all of them by file, so that none of ours comes from a registry. */
function installConsumer(tarballs, consumer) {
  cpSync(path.join(root, 'scripts/fixtures/consumer'), consumer, { recursive: true })
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  npmOutput(['install', '--no-audit', '--no-fund', ...tarballs, `@types/node@${devDependencies['@types/node']}`], { cwd: consumer })
  tool('tsc', ['-p', consumer], consumer)
}

/** Uses what is installed, with one version of Node. */
function useConsumer(node, entries, consumer, built) {
  console.log(`  Node ${run(node, ['--version'])}`)
  const drivers = run(node, ['drivers.js'], consumer)
  const expected = built.includes(host) ? 'native' : 'node'
  if (drivers !== `TCP: ${expected}, UDP: ${expected}`) throw new Error(`the drivers are not ${expected}: ${drivers}`)
  console.log(indent(`drivers: ${drivers}`))
  console.log(indent(run(node, ['import-all.mjs', ...entries], consumer)))
  console.log(indent(run(node, ['echo.js'], consumer)))
  const plugins = JSON.parse(npmOutput(['exec', '--offline', '--', 'millrace', 'plugins', '--json'], { cwd: consumer, node }))
  if (plugins.length === 0) throw new Error('millrace plugins lists none')
  console.log(indent(`npx millrace plugins: ${plugins.map(({ name }) => name).join(', ')}`))
}

function indent(text) {
  return text.replace(/^/gm, '    ')
}

function check(temporary) {
  const packages = publicPackages()
  console.log('building')
  build(packages)
  const built = buildBinaries()
  console.log('packing')
  const tarballs = path.join(temporary, 'tarballs')
  mkdirSync(tarballs)
  const files = packages.map((each) => pack(each, tarballs, built))
  console.log('checking the tarballs with publint and arethetypeswrong')
  files.forEach(checkTarball)
  console.log('installing them into an empty project and compiling against them')
  const consumer = path.join(temporary, 'consumer')
  installConsumer(files, consumer)
  console.log('using them')
  for (const major of majors) useConsumer(nodeVersion(major, path.join(root, 'node_modules/.cache/node')), entryNames(packages), consumer, built)
}

const temporary = mkdtempSync(path.join(tmpdir(), 'millrace-pack-'))
try {
  check(temporary)
  console.log('packages: fit to publish')
} catch (error) {
  console.error(`check:pack failed: ${error.message}`)
  process.exitCode = 1
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
