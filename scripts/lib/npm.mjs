// Runs npm from a script, whichever way that script was started.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

/**
 * Runs npm and returns what spawnSync does. `node` is the Node to run it and its scripts with (default: this one).
 * The settings that a surrounding `npm run` has put into the environment are left out: they speak of another directory.
 */
export function npm(args, { cwd, node = process.execPath, stdio = 'pipe' }) {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_(config_(local_prefix|prefix)|package_|lifecycle_|command)/.test(name))
  const env = { ...Object.fromEntries(kept), PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` }
  const cli = process.env.npm_execpath
  const [command, prefix] = cli !== undefined && /npm-cli\.c?js$/.test(cli) ? [node, [cli]] : ['npm', []]
  return spawnSync(command, [...prefix, ...args], {
    cwd, env, stdio, encoding: 'utf8', maxBuffer: 64 << 20, shell: command === 'npm' && process.platform === 'win32',
  })
}

/** Runs npm and returns what it wrote to stdout; throws with all its output when it fails. */
export function npmOutput(args, options) {
  const run = npm(args, options)
  if (run.status === 0) return run.stdout
  throw new Error(`npm ${args.join(' ')} failed: ${run.error?.message ?? run.status}\n${run.stdout}${run.stderr}`)
}
