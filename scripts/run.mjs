// Runs a TypeScript file from source, with no build: `node --conditions=@millrace/source scripts/run.mjs FILE [ARGS...]`.
//
// The condition makes `@millrace/core` and the others mean their sources. The decorator setting (experimentalDecorators) is
// named here, since tsx would look for a tsconfig.json from the current directory, which may be anywhere. The file runs in this
// process: signals, exit codes and the terminal are its own, and nothing is left behind.
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  console.error('usage: node --conditions=@millrace/source scripts/run.mjs FILE [ARGS...]')
  process.exit(2)
}

/**
 * Under npm one Ctrl-C arrives twice, from the terminal and passed on by npm, a few milliseconds apart; a program that takes a
 * second signal for impatience would cut its work off. So the same signal again within 200 ms is the same one.
 */
function mergeRepeatedSignals() {
  const emit = process.emit
  const seen = { SIGINT: -Infinity, SIGTERM: -Infinity }
  process.emit = function (event, ...rest) {
    if (Object.hasOwn(seen, event)) {
      const now = performance.now()
      if (now - seen[event] < 200) return true
      seen[event] = now
    }
    return emit.call(this, event, ...rest)
  }
}

// Set in the environment, not only for this process: what the file starts with `--import tsx` needs it as well.
process.env.TSX_TSCONFIG_PATH = fileURLToPath(new URL('../tsconfig.json', import.meta.url))
await import('tsx')

if (process.env.npm_lifecycle_event !== undefined) mergeRepeatedSignals()

const target = realpathSync(path.resolve(file))
process.argv = [process.execPath, target, ...args]
await import(pathToFileURL(target).href)
