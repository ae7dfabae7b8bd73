import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { createTcpServer, createUdpServer, echo, pipeline } from 'millrace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pemPath, server as credentials } from '../support/certificates.ts'
import { allDocuments, codeBlocks, readDocument, root } from './markdown.ts'

const documents = [...allDocuments(), readDocument('CONTRIBUTING.md')]
const blocks = documents.flatMap((document) => codeBlocks(document))
const shellLines = blocks.filter(({ language }) => language === 'sh').flatMap(({ code }) => code.split('\n'))
const lines = [...new Set(shellLines.map((line) => line.replace(/ +#.*$/, '').trim()).filter((line) => line !== ''))]

let folder = ''
const started: ChildProcessWithoutNullStreams[] = []

/** Below the root, so that the packages are found; with the modules that documents show and name. */
beforeAll(async () => {
  await mkdir(path.join(root, 'node_modules/.cache'), { recursive: true })
  folder = await mkdtemp(path.join(root, 'node_modules/.cache/docs-commands-'))
  for (const { language, code } of blocks) {
    const name = /^\/\/ (\S+\.mjs)\n/.exec(code)?.[1]
    if (language === 'js' && name !== undefined) await writeFile(path.join(folder, name), code)
  }
})
afterAll(async () => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

function millrace(words: readonly string[]): ChildProcessWithoutNullStreams {
  const main = path.join(root, 'packages/millrace/src/cli/main.ts')
  const args = ['--import', 'tsx', '--conditions=@millrace/source', main, ...words]
  const child = spawn(process.execPath, args, { cwd: folder })
  started.push(child)
  return child
}

async function output(child: ChildProcessWithoutNullStreams): Promise<{ code: number; stdout: string }> {
  let stdout = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.resume()
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout }
}

const wordsOf = (line: string): string[] => line.split(' ').slice(1)
const commands = (name: string): string[] => lines.filter((line) => line.startsWith(`millrace ${name}`))

describe('commands in the documents', { concurrent: true, timeout: 60_000 }, () => {
  test.each(commands('serve'))('%s', async (line) => {
    const words = wordsOf(line).map((word, i, all) => {
      const flag = all[i - 1]
      if (flag === '--cert' || flag === '--key') return pemPath(word)
      return ['--tcp', '--tls', '--udp'].includes(flag ?? '') ? '0' : flag === '--unix' ? path.join(folder, `${i}.sock`) : word
    })
    const expected = words.filter((word) => ['--tcp', '--tls', '--udp', '--unix'].includes(word)).length
    const child = millrace(words)
    const listening: string[] = []
    for await (const text of createInterface(child.stdout)) if (listening.push(text) === expected) break
    expect(listening).toHaveLength(expected)
    for (const text of listening) expect(text).toMatch(/^listening (tcp|tls|udp|unix) \S+$/)
    child.kill('SIGTERM')
    expect((await once(child, 'close'))[0]).toBe(0)
  })

  test.each(commands('connect'))('%s', async (line) => {
    const tls = line.includes('tls://') ? { tls: credentials } : {}
    const server = line.includes('udp://') ? createUdpServer(pipeline(echo())) : createTcpServer(pipeline(echo()), tls)
    await server.listen()
    const words = wordsOf(line).map((word) => word.replace(/:\d+$/, `:${server.address?.port}`))
    const child = millrace(words.map((word) => (word.endsWith('.pem') ? pemPath(word) : word)))
    child.stdin.end('hello\n')
    expect(await output(child)).toEqual({ code: 0, stdout: 'hello\n' })
    await server.close()
  })

  test.each(commands('plugins'))('%s', async (line) => {
    const { code, stdout } = await output(millrace(wordsOf(line)))
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('uppercaser') })
  })

  test('every npm script that is spoken of is there', async ({ expect }) => {
    const { scripts } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { scripts: object }
    const spoken = documents.flatMap(({ text }) => [...text.matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)])
    expect(spoken.length).toBeGreaterThan(0)
    for (const [, run, short] of spoken) expect.soft(scripts).toHaveProperty([run ?? short ?? ''])
  })

  test('there are no commands of a kind that nobody tries', () => {
    const tried = ['millrace serve', 'millrace connect', 'millrace plugins', 'npm ', 'node --conditions=@millrace']
    expect(lines.filter((line) => !tried.some((beginning) => line.startsWith(beginning)))).toEqual([])
  })
})
