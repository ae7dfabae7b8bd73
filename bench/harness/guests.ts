import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { guestsFolder } from './folders.ts'

function readPackages(file: string): Record<string, { readonly version?: string; readonly optional?: boolean }> {
  try {
    const lock: unknown = JSON.parse(readFileSync(path.join(guestsFolder, file), 'utf8'))
    return (lock as { packages: Record<string, { version?: string }> }).packages
  } catch {
    return {}
  }
}

/** Whether `guests/node_modules` holds what its lock names; what is optional may be of another system. */
function guestsInstalled(): boolean {
  const installed = readPackages('node_modules/.package-lock.json')
  return Object.entries(readPackages('package-lock.json')).every(([where, { version, optional }]) => {
    return where === '' || installed[where]?.version === version || (optional === true && installed[where] === undefined)
  })
}

/** Installs what `guests/package.json` names where it is not there: 700 MB, in half a minute. */
export function installGuests(): void {
  if (guestsInstalled()) return
  console.error('installing other runtimes and frameworks (npm ci in bench/guests), once')
  const args = ['ci', '--ignore-scripts', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  const cli = process.env['npm_execpath']
  const [command, first] = cli === undefined ? ['npm', []] : [process.execPath, [cli]]
  const { status } = spawnSync(command, [...first, ...args], { cwd: guestsFolder, stdio: ['ignore', 2, 'inherit'] })
  if (status !== 0) console.error('npm ci failed: they will be missing')
}

/** A file below `guests/node_modules`. @throws where it is not installed. */
export function guestFile(name: string): string {
  const file = path.join(guestsFolder, 'node_modules', name)
  if (existsSync(file)) return file
  const reason = guestsInstalled() ? 'not there for this system' : 'not installed: npm run bench:full installs it'
  throw new Error(reason)
}
