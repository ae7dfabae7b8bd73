import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { root } from '../docs/markdown.ts'
import { killAll, start } from './programs.ts'

const folder = path.join(root, 'examples/servers')
const names = readdirSync(folder).filter((file) => file.endsWith('.ts')).map((file) => path.basename(file, '.ts'))
const readText = (file: string): string => readFileSync(path.join(folder, file), 'utf8')

describe('servers among the examples', () => {
  afterEach(killAll)

  test.each(names)('%s runs by itself, says what to type, and drains at SIGTERM', async (name) => {
    const example = path.join(root, 'scripts/example.mjs')
    const server = start(process.execPath, '--conditions=@millrace/source', example, `servers/${name}`, '0')
    let said = ''
    server.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ready = /^listening .+:\d+\n[^]*in another terminal:\n {2}\S/m
    await vi.waitFor(() => expect(said).toMatch(ready), { timeout: 20_000, interval: 20 })
    server.kill('SIGTERM')
    const [code] = (await once(server, 'close')) as [number]
    expect(code).toBe(0)
  })

  test.each(names)('%s says what it is, in at most 150 lines of 120 columns, and is in the table', (name) => {
    const lines = readText(`${name}.ts`).trimEnd().split('\n')
    expect(lines[0]).toMatch(/^\/\/ \S/)
    expect(lines.length).toBeLessThanOrEqual(150)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120)
    expect(readText('README.md')).toContain(`| [${name}](${name}.ts) |`)
  })
})
