// Other versions of Node, from the npm package `node`.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { npmOutput } from './npm.mjs'

/** The path of a Node of this major version: the running one where it fits, else one installed below `directory`. */
export function nodeVersion(major, directory) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  const own = path.join(directory, String(major))
  const executable = path.join(own, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(executable)) {
    mkdirSync(own, { recursive: true })
    writeFileSync(path.join(own, 'package.json'), '{ "private": true }\n')
    npmOutput(['install', '--no-audit', '--no-fund', '--ignore-scripts=false', `node@${major}`], { cwd: own })
  }
  return executable
}
