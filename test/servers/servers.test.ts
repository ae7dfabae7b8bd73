import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { headings, readDocument, root } from '../docs/markdown.ts'
import { pemPath } from '../support/certificates.ts'
import { ExampleServer } from '../support/example-server.ts'

const folder = path.join(root, 'examples/servers')
const names = readdirSync(folder).filter((file) => file.endsWith('.ts')).map((file) => path.basename(file, '.ts'))
const readme = readDocument('examples/servers/README.md')

test('the README has a row and a section for every server and no other', () => {
  const [, ...rows] = readme.text.split('\n').filter((line) => line.startsWith('| '))
  const rowNames = rows.slice(1).map((row) => /^\| \[(.+?)\]/.exec(row)?.[1])
  expect(rowNames).toEqual(names)
  expect(headings(readme, '##')).toEqual(names)
})

describe.each(names)('%s', (name) => {
  const code = readFileSync(path.join(folder, `${name}.ts`), 'utf8')
  let server: ExampleServer | undefined
  afterEach(() => server?.kill())

  test('says what it is, as the README does, in 60 to 150 lines of at most 120 columns', () => {
    const about = /^\/\/ (.+)\n/.exec(code)?.[1]
    expect(about).toBeDefined()
    expect(readme.text).toContain(`| [${name}](${name}.ts) | ${about} |`)
    const lines = code.split('\n')
    expect(lines.length - 1).toBeGreaterThanOrEqual(60)
    expect(lines.length - 1).toBeLessThanOrEqual(150)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120)
  })

  test('started by itself it says what to type into another terminal, and drains on SIGTERM', async () => {
    server = new ExampleServer(name)
    const port = await server.port
    expect(server.stderr).toMatch(new RegExp(`in another terminal:\n\n  .*\\b${port}\\b`))
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(server.stdout).toBe('')
  })
})

describe('TLS', () => {
  const speakIt = names.filter((name) => readme.text.includes(`\`${name}\``))
  let server: ExampleServer | undefined
  afterEach(() => server?.kill())

  test('is spoken by four of them', () => {
    expect(speakIt).toEqual(['dns-server', 'mqtt-broker', 'resp-server', 'syslog-collector'])
  })

  test.each(speakIt)('%s, given a certificate, listens for it on a port of its own, and says how to come there', async (name) => {
    server = new ExampleServer(name, '--tls', '0', '--cert', pemPath('server.pem'), '--key', pemPath('server.key'))
    const port = await server.tlsPort
    expect(port).not.toBe(await server.port)
    expect(server.stderr).toMatch(new RegExp(`in another terminal:\n\n  .+\n  .*\\b${port}\\b`))
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
  })

  test.each([
    ['dns-server', ['--tls', '0'], '--tls PORT, --cert FILE and --key FILE go together'],
    ['dns-server', ['--tls', '0', '--cert', '/none', '--key', '/none'], 'ENOENT'],
    ['chat-room', ['--tls', '0'], "Unknown option '--tls'"],
  ])('%s %j ends at once, in a line', async (name, args, message) => {
    server = new ExampleServer(name, ...args)
    expect(await server.exited).toBe(2)
    expect(server.stderr).toContain(message)
    expect(server.stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
