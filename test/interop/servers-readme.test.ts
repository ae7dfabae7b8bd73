import { afterEach, describe, expect, test } from 'vitest'
import { readDocument } from '../docs/markdown.ts'
import { pemPath } from '../support/certificates.ts'
import { ExampleServer } from '../support/example-server.ts'
import { killAll, run } from './programs.ts'

/** Of each server: the commands that its section shows, each behind a `$`, and what they print. */
const sections = readDocument('examples/servers/README.md').text.split(/^## /m).slice(1).map((section) => {
  const name = section.slice(0, section.indexOf('\n'))
  const [, shown = ''] = /^```console\n([^]*?)^```$/m.exec(section) ?? []
  const [, written = ''] = /^```json\n([^]*?)^```$/m.exec(section) ?? []
  return { name, shown, written }
})
const TLS = ['--tls', '0', '--cert', pemPath('server.pem'), '--key', pemPath('server.key')]

describe('what the README of the servers shows', () => {
  let server: ExampleServer | undefined
  afterEach(async () => {
    await server?.kill()
    await killAll()
  })

  test.each(sections)('$name', async ({ name, shown }) => {
    // The ports are the numbers of five digits; the second one is that of TLS.
    const [given = '', secure] = new Set(shown.match(/\b10\d{3}\b/g))
    server = new ExampleServer(name, ...(secure === undefined ? [] : TLS))
    const ports = [[given, String(await server.port)], [secure ?? given, String(await server.tlsPort)]] as const
    const toReal = (text: string): string => ports.reduce((all, [shownAs, port]) => all.replaceAll(shownAs, port), text)
    const toShown = (text: string): string => ports.reduce((all, [shownAs, port]) => all.replaceAll(port, shownAs), text)
    let printed = ''
    for (const [line, command = ''] of shown.matchAll(/^\$ (.+)\n/gm)) {
      const { stdout } = await run(['bash', '-c', toReal(command)])
      printed += line + toShown(stdout.toString())
    }
    expect(printed).toBe(shown)
  })

  test('what the syslog collector writes', async () => {
    const { shown, written } = sections.find(({ name }) => name === 'syslog-collector') as (typeof sections)[number]
    server = new ExampleServer('syslog-collector', ...TLS)
    const [port, tlsPort] = [String(await server.port), String(await server.tlsPort)]
    const commands = shown.replaceAll('10514', port).replaceAll('10614', tlsPort).matchAll(/^\$ (.+)\n/gm)
    for (const [, command = ''] of commands) await run(['bash', '-c', command])
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(server.stdout.split('\n').sort()).toEqual(written.split('\n').sort())
  })
})
