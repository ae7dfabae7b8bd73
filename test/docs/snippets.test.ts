import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { allDocuments, type CodeBlock, codeBlocks, type MarkdownDocument, outputAfter, root } from './markdown.ts'

const exec = promisify(execFile)
/** Below the root, so that the packages are found, and out of everyone's way. */
const folder = path.join(root, 'node_modules/.cache/docs')
const tsconfig = path.join(folder, 'tsconfig.json')

interface Snippet {
  readonly file: string
  readonly place: string
  readonly block: CodeBlock
  readonly output: string | undefined
}

const toSnippet = (document: MarkdownDocument, block: CodeBlock): Snippet => ({
  file: `${document.name.replaceAll(/\W+/g, '-')}-${block.line}.ts`,
  place: `${document.name}:${block.line}`,
  block,
  output: outputAfter(document, block),
})

// The code of the examples is their file's, which is checked there.
const isSnippet = ({ language, marks }: CodeBlock): boolean => language === 'ts' && !marks.includes('example')
const snippets = allDocuments().flatMap((document) =>
  codeBlocks(document).filter(isSnippet).map((block) => toSnippet(document, block)),
)
const runnable = snippets.filter(({ block }) => block.marks.includes('run'))

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }')
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    // tsx takes the decorator setting from here, for the packages' sources too.
    include: ['./*.ts', '../../../packages/*/src/**/*.ts'],
    exclude: [],
    references: [],
    compilerOptions: { noEmit: true, incremental: false, noUnusedLocals: false, noUnusedParameters: false },
  }
  await writeFile(tsconfig, JSON.stringify(config))
  for (const { file, block } of snippets) {
    await writeFile(path.join(folder, file), `${block.code}\nexport {}\n`)
  }
  const calls = runnable.map(({ file }) => `console.log('=== ${file}')\nawait import('./${file}')`)
  await writeFile(path.join(folder, 'run-all.mjs'), calls.join('\n'))
})

describe('code in the documents', { timeout: 60_000 }, () => {
  test('type-checks', async () => {
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
    const output = await exec(process.execPath, [compiler, '-p', tsconfig], { cwd: folder }).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    )
    const byPlace = snippets.reduce((text, { file, place }) => text.replaceAll(file, place), output)
    expect(byPlace.split('\n').filter((line) => !line.startsWith('../'))).toEqual([''])
  })

  test('prints what the block after it says, where it is marked to run', async () => {
    const args = ['--import', 'tsx', '--conditions=@millrace/source', 'run-all.mjs']
    const env = { ...process.env, TSX_TSCONFIG_PATH: tsconfig }
    const { stdout } = await exec(process.execPath, args, { cwd: folder, env, timeout: 55_000 })
    const parts = stdout.split(/^=== /m).slice(1).map((part) => /^(.*)\n([^]*)$/.exec(part) ?? [])
    const printed = new Map(parts.map(([, file, text]) => [file, text]))
    for (const { file, place, output } of runnable) {
      expect.soft(printed.get(file), place).toBe(output)
    }
  })
})
