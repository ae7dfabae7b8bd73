// How the C of packages/udp-native becomes a binary. Imports nothing but Node, as scripts/setup.mjs uses it before anything is
// installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'

const flags = [
  '-std=c11', '-D_GNU_SOURCE', '-O2', '-g0', '-Wall', '-Wextra', '-Wno-unused-parameter', '-fPIC', '-shared',
  '-fvisibility=hidden', '-fstack-protector-strong', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,--build-id=none', '-s',
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

export function sourcesOf(root) {
  const folder = path.join(root, 'packages/udp-native/native')
  return readdirSync(folder).map((name) => path.join(folder, name)).filter((file) => /\.[ch]$/.test(file))
}

function binaryOf(root, target) {
  return path.join(root, 'packages/udp-native/prebuilds', target, 'udp.node')
}

/** Whether the binary is missing or older than what it is made of. */
export function isStale(root, target) {
  const binary = binaryOf(root, target)
  if (!existsSync(binary)) return true
  const builtAt = statSync(binary).mtimeMs
  return sourcesOf(root).some((file) => statSync(file).mtimeMs > builtAt)
}

/** Compiles; throws with the compiler's words when it fails. Returns the binary's path. */
export function build(root, target, compiler) {
  const binary = binaryOf(root, target)
  mkdirSync(path.dirname(binary), { recursive: true })
  // Whoever loads it meanwhile sees the old one or the new one.
  const fresh = `${binary}.${process.pid}`
  const include = path.join(root, 'node_modules/node-api-headers/include')
  const units = sourcesOf(root).filter((file) => file.endsWith('.c'))
  const run = spawnSync(compiler, [...flags, `-I${include}`, ...units, '-o', fresh], { encoding: 'utf8', timeout: 60_000 })
  if (run.status !== 0) {
    rmSync(fresh, { force: true })
    throw new Error(`${compiler}: ${run.error?.message ?? `exit code ${run.status}`}\n${run.stderr}`)
  }
  renameSync(fresh, binary)
  return binary
}
