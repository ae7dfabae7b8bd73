// `npm run build:native`: compiles packages/udp-native for this machine, and `-- --all` for every platform that we ship for, where
// a compiler for it is here (Debian: gcc, gcc-aarch64-linux-gnu). Each binary is checked: the machine, the symbols, the oldest
// glibc that it runs with. Nothing is committed: binaries are made when they are needed, and when the package is packed.
import { statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultsOf, hasReadelf } from './lib/elf.mjs'
import { build, compilerFor, host, targets } from './lib/native-build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Of Debian 10, RHEL 8 and what Node 20 itself is built for. */
const oldest = '2.28'

function make(target) {
  const compiler = compilerFor(target)
  if (compiler === undefined) return `${target}: no compiler for it`
  const binary = build(root, target, compiler)
  const faults = hasReadelf() ? faultsOf(binary, { ...targets[target], oldest }) : []
  if (faults.length > 0) return `${target}: ${faults.join(', ')}`
  const checked = hasReadelf() ? `checked with readelf: glibc ${oldest} is enough` : 'not checked, as there is no readelf'
  const run = target === host ? '' : ', not run'
  console.log(`${target}: ${path.relative(root, binary)}, ${Math.round(statSync(binary).size / 1024)} KiB, ${checked}${run}`)
  return undefined
}

const wanted = process.argv.includes('--all') ? Object.keys(targets) : [host]
const failures = wanted.map((target) => (target in targets ? make(target) : `${target}: there is no native driver for it`))
for (const failure of failures.filter(Boolean)) console.error(failure)
if (failures.some(Boolean)) process.exitCode = 1
