// How the C of the native packages becomes binaries. Imports nothing but Node, as scripts/setup.mjs uses it before anything is
// installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'

const flags = [
  '-std=c11', '-D_GNU_SOURCE', '-O2', '-g0', '-Wall', '-Wextra', '-Wno-unused-parameter', '-fPIC', '-shared',
  '-fvisibility=hidden', '-fstack-protector-strong', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,--build-id=none', '-s',
]

/**
 * The packages with C in them.
 *
 * - name: its folder in packages/; behind `@millrace/` it is the package's
 * - binary: what the C becomes, in prebuilds/PLATFORM/
 * - speaksToNode: the units that need Node. The others can be driven by a C program alone (native/test/fuzz.c).
 */
export const nativePackages = [
  { name: 'udp-native', binary: 'udp.node', speaksToNode: ['addon.c', 'arguments.c', 'calls.c', 'handle.c'] },
  { name: 'tcp-native', binary: 'tcp.node', speaksToNode: ['addon.c', 'arguments.c', 'calls.c', 'poller.c'] },
]

/** The platforms that binaries are built for, and the compilers that build for them from another one. */
export const targets = {
  'linux-x64': { machine: 'Advanced Micro Devices X86-64', cross: 'x86_64-linux-gnu-gcc' },
  'linux-arm64': { machine: 'AArch64', cross: 'aarch64-linux-gnu-gcc' },
}

export const host = `${process.platform}-${process.arch}`

/** The compiler for a target, or undefined where there is none. */
export function compilerFor(target) {
  const names = target === host ? [process.env.CC, 'cc', 'gcc', 'clang'] : [targets[target].cross]
  return names.find((name) => name && spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
}

function sourcesOf(root, { name }) {
  const folder = path.join(root, 'packages', name, 'native')
  return readdirSync(folder).map((file) => path.join(folder, file)).filter((file) => /\.[ch]$/.test(file))
}

/** The files of C that a package's binary is made of. */
export function unitsOf(root, native) {
  return sourcesOf(root, native).filter((file) => file.endsWith('.c'))
}

/** Of those, what needs no Node. */
export function plainUnitsOf(root, native) {
  return unitsOf(root, native).filter((file) => !native.speaksToNode.includes(path.basename(file)))
}

function binaryOf(root, { name, binary }, target) {
  return path.join(root, 'packages', name, 'prebuilds', target, binary)
}

/** Whether a package's binary is missing or older than what it is made of. */
export function isStale(root, native, target) {
  const binary = binaryOf(root, native, target)
  if (!existsSync(binary)) return true
  const builtAt = statSync(binary).mtimeMs
  return sourcesOf(root, native).some((file) => statSync(file).mtimeMs > builtAt)
}

/** Compiles; throws with the compiler's words when it fails. Returns the binary's path. */
export function build(root, native, target, compiler) {
  const binary = binaryOf(root, native, target)
  mkdirSync(path.dirname(binary), { recursive: true })
  // Whoever loads it meanwhile sees the old one or the new one.
  const fresh = `${binary}.${process.pid}`
  const include = path.join(root, 'node_modules/node-api-headers/include')
  const run = spawnSync(compiler, [...flags, `-I${include}`, ...unitsOf(root, native), '-o', fresh], { encoding: 'utf8', timeout: 60_000 })
  if (run.status !== 0) {
    rmSync(fresh, { force: true })
    throw new Error(`${compiler}: ${run.error?.message ?? `exit code ${run.status}`}\n${run.stderr}`)
  }
  renameSync(fresh, binary)
  return binary
}
