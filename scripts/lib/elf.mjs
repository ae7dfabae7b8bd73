// What a shared library is built for and what it asks of the system, by readelf.
import { spawnSync } from 'node:child_process'

function readelf(...args) {
  const { status, stdout, error } = spawnSync('readelf', args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  if (status !== 0) throw new Error(`readelf ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`)
  return stdout
}

const all = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found)

/** Whether readelf is here. */
export function hasReadelf() {
  return spawnSync('readelf', ['--version'], { stdio: 'ignore' }).status === 0
}

/**
 * - machine: as readelf calls it
 * - libraries: that it needs
 * - glibc: the versions of glibc's symbols that it needs, such as `2.17`
 * - wanted: undefined symbols, without their versions
 * - exported: its own symbols that others see
 */
function readBinary(file) {
  const symbols = readelf('--dyn-syms', '--wide', file).split('\n').map((line) => line.trim().split(/\s+/))
  const named = symbols.filter((fields) => fields.length >= 8 && /^\d+:$/.test(fields[0]))
  const plain = ([, , , , , , , name]) => name.replace(/@.*$/, '')
  return {
    machine: /Machine:\s+(.+)/.exec(readelf('--file-header', file))?.[1].trim(),
    libraries: all(readelf('--dynamic', '--wide', file), /\(NEEDED\).*\[(.+)\]/g),
    glibc: [...new Set(all(readelf('--version-info', '--wide', file), /GLIBC_([\d.]+)/g))],
    wanted: named.filter((fields) => fields[6] === 'UND').map(plain),
    exported: named.filter((fields) => fields[6] !== 'UND').map(plain),
  }
}

/** Why a binary is not fit to be given away; empty where it is. `oldest` is the glibc that it has to run with. */
export function faultsOf(file, { machine, oldest }) {
  const found = readBinary(file)
  const [major, minor] = oldest.split('.').map(Number)
  const isNewer = (version) => {
    const [a, b] = version.split('.').map(Number)
    return a > major || (a === major && b > minor)
  }
  return [
    ...(found.machine === machine ? [] : [`is for ${found.machine}, not ${machine}`]),
    ...found.glibc.filter(isNewer).map((version) => `needs glibc ${version}`),
    ...found.libraries.filter((name) => !/^(libc\.so\.6|ld-linux-.+)$/.test(name)).map((name) => `needs ${name}`),
    ...(found.exported.includes('napi_register_module_v1') ? [] : ['has no napi_register_module_v1']),
  ]
}
