// `npm run example -- NAME [ARGS...]`: runs examples/NAME.ts from source, servers/NAME for one of the servers. Without a known
// name it lists what there is.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const directory = fileURLToPath(new URL('../examples', import.meta.url))
const [given, ...args] = process.argv.slice(2)
const name = given?.replace(/\.ts$/, '')
const namesIn = (folder) =>
  readdirSync(path.join(directory, folder)).filter((file) => file.endsWith('.ts')).map((file) => folder + file.slice(0, -3)).sort()
const names = [...namesIn(''), ...namesIn('servers/')]

/** The first comment line of an example: what it shows. */
function about(example) {
  const line = readFileSync(path.join(directory, `${example}.ts`), 'utf8').split('\n').find((text) => text.startsWith('//'))
  return line?.replace(/^\/\/\s*/, '') ?? ''
}

if (!names.includes(name)) {
  if (name !== undefined) console.error(`unknown example "${name}"`)
  const width = Math.max(0, ...names.map((example) => example.length))
  console.error('usage: npm run example -- NAME\n')
  for (const example of names) console.error(`  ${example.padEnd(width)}  ${about(example)}`.trimEnd())
  process.exit(2)
}

process.argv = [...process.argv.slice(0, 2), path.join(directory, `${name}.ts`), ...args]
await import('./run.mjs')
