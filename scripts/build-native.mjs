// `npm run build:native [-- NAME...]`: compiles the native packages, or those that are named, for this machine, and with `--all` for
// every platform that we ship for, where a compiler for it is here (Debian: gcc, gcc-aarch64-linux-gnu). Each binary is checked: the
// machine, the symbols, the oldest glibc that it runs with. Nothing is committed: binaries are made when they are needed, and when
// a package is packed.
import { statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultsOf, hasReadelf } from './lib/elf.mjs'
import { build, compilerFor, host, nativePackages, targets } from './lib/native-build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Of Debian 10, RHEL 8 and what Node 20 itself is built for. */
const oldest = '2.28'

/** Returns what is wrong. */
function make(native, target) {
  const compiler = compilerFor(target)
  if (compiler === undefined) return `${target}: no compiler for it`
  const binary = build(root, native, target, compiler)
  const faults = hasReadelf() ? faultsOf(binary, { ...targets[target], oldest }) : []
  if (faults.length > 0) return `${native.name}, ${target}: ${faults.join(', ')}`
  const checked = hasReadelf() ? `checked with readelf: glibc ${oldest} is enough` : 'not checked, as there is no readelf'
  const run = target === host ? '' : ', not run'
  console.log(`${target}: ${path.relative(root, binary)}, ${Math.round(statSync(binary).size / 1024)} KiB, ${checked}${run}`)
  return undefined
}

const names = process.argv.slice(2).filter((argument) => argument !== '--all')
const unknown = names.filter((name) => nativePackages.every((native) => native.name !== name))
const wanted = nativePackages.filter(({ name }) => names.length === 0 || names.includes(name))
const platforms = process.argv.includes('--all') ? Object.keys(targets) : [host]
const failures = platforms.flatMap((target) => {
  return target in targets ? wanted.map((native) => make(native, target)) : [`${target}: there are no native drivers for it`]
})
const told = new Set([...unknown.map((name) => `${name}: there is no native package of that name`), ...failures.filter(Boolean)])
for (const failure of told) console.error(failure)
if (told.size > 0) process.exitCode = 1
