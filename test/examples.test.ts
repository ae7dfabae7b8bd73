import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readDocument, root } from './docs/markdown.ts'

const exec = promisify(execFile)
const files = readdirSync(path.join(root, 'examples')).filter((file) => file.endsWith('.ts'))
const names = files.map((file) => path.basename(file, '.ts'))
/** `UPDATE_DOCS=1 npx vitest run test/examples.test.ts` writes the README's part instead of comparing it. */
const updates = process.env['UPDATE_DOCS'] !== undefined

interface Example {
  /** Its first line, a comment that says what it shows. */
  readonly about: string
  readonly code: string
}

function readExample(name: string): Example {
  const code = readFileSync(path.join(root, 'examples', `${name}.ts`), 'utf8')
  return { about: /^\/\/ (.+)\n/.exec(code)?.[1] ?? '', code }
}

function section(name: string, { about, code }: Example, output: string): string {
  return `### [${name}](examples/${name}.ts)

${about}

<details><summary>its code</summary>

\`\`\`ts example
${code}\`\`\`

</details>

\`\`\`text
${output}\`\`\`
`
}

const outputs = new Map<string, string>()

describe('examples', { concurrent: true, timeout: 60_000 }, () => {
  for (const name of names) {
    test(`${name} ends by itself and prints what the README shows`, async () => {
      const args = ['--conditions=@millrace/source', 'scripts/example.mjs', name]
      const { stdout, stderr } = await exec(process.execPath, args, { cwd: root, timeout: 50_000 })
      expect(stderr).toBe('')
      outputs.set(name, stdout)
      if (!updates) expect(readDocument('README.md').text).toContain(section(name, readExample(name), stdout))
    })

    test(`${name} says what it shows, in at most 40 lines of at most 120 columns`, () => {
      const { about, code } = readExample(name)
      expect(about).not.toBe('')
      expect(code.split('\n').length - 1).toBeLessThanOrEqual(40)
      expect(Math.max(...code.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(120)
    })
  }
})

test('the README shows every example and no other', () => {
  const { text } = readDocument('README.md')
  const parts = /^([^]*<!-- examples -->\n)([^]*)(<!-- \/examples -->[^]*)$/.exec(text)
  const [, before = '', part = '', after = ''] = parts ?? []
  const sections = names.map((name) => section(name, readExample(name), outputs.get(name) ?? '')).join('\n')
  if (updates) writeFileSync(path.join(root, 'README.md'), `${before}${sections}${after}`)
  else expect([...part.matchAll(/^### \[(.+?)\]/gm)].map(([, name]) => name)).toEqual(names)
})
