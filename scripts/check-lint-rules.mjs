// Proves that the linter sees what the project relies on it for: the import rule of the packages, cycles, forgotten promises. The
// planted files break a rule on every line marked `breaks RULE[, RULE]` and nowhere else; they are linted with the project's own
// configuration. A marked line that is not reported, or one reported without a mark, fails the check.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const planted = 'scripts/fixtures/lint'

/** What the marks ask for, as `file:line rule`. */
function marks() {
  const files = readdirSync(path.join(root, planted), { recursive: true }).filter((file) => file.endsWith('.ts'))
  return files.flatMap((file) => {
    const lines = readFileSync(path.join(root, planted, file), 'utf8').split('\n')
    return lines.flatMap((line, index) => {
      const rules = /\/\/ breaks ([a-z-]+(, [a-z-]+)*)$/.exec(line)?.[1].split(', ') ?? []
      return rules.map((rule) => `${planted}/${slashed(file)}:${index + 1} ${rule}`)
    })
  })
}

/** What the linter reports, in the same form. */
function reports() {
  const oxlint = path.join(path.dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint')
  const args = [oxlint, '--type-aware', '--format', 'json', planted]
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (run.error) throw run.error
  return JSON.parse(run.stdout).diagnostics.map(({ code, filename, labels }) => {
    const rule = /\((.+)\)/.exec(code)?.[1] ?? code
    return `${slashed(filename)}:${labels[0].span.line} ${rule}`
  })
}

function slashed(file) {
  return file.replaceAll('\\', '/')
}

const marked = new Set(marks())
const reported = new Set(reports())
const missed = [...marked].filter((mark) => !reported.has(mark))
const unfounded = [...reported].filter((report) => !marked.has(report))
for (const mark of missed) console.error(`not reported: ${mark}`)
for (const report of unfounded) console.error(`reported without a mark: ${report}`)
if (marked.size === 0) console.error(`no line is marked in ${planted}`)
if (missed.length + unfounded.length > 0 || marked.size === 0) process.exit(1)
console.log(`lint rules: ${marked.size} planted violations, all reported, nothing else`)
