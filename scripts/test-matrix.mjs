// `npm run test:matrix [-- MAJOR...]`: `npm test` under other versions of Node, each brought by the npm package `node`.
// They are kept in node_modules/.cache, so that only the first run fetches them.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeVersion } from './lib/node-version.mjs'
import { npm } from './lib/npm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const given = process.argv.slice(2)
const majors = given.length > 0 ? given : ['22', '24', '26']

const failed = majors.filter((major) => {
  const node = nodeVersion(major, path.join(root, 'node_modules/.cache/node'))
  console.log(`\n== npm test on Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  return npm(['test'], { cwd: root, node, stdio: 'inherit' }).status !== 0
})
console.log(failed.length === 0 ? `\npassed on Node ${majors.join(', ')}` : `\nfailed on Node ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
