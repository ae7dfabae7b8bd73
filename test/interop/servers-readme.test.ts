import { afterEach, describe, expect, test } from 'vitest'
import { readDocument } from '../docs/markdown.ts'
import { ExampleServer } from '../support/example-server.ts'
import { killAll, run } from './programs.ts'

/** Of each server: the commands that its section shows, each behind a `$`, and what they print. */
const sections = readDocument('examples/servers/README.md').text.split(/^## /m).slice(1).map((section) => {
  const name = section.slice(0, section.indexOf('\n'))
  const [, shown = ''] = /^```console\n([^]*?)^```$/m.exec(section) ?? []
  return { name, shown }
})

describe('what the README of the servers shows', () => {
  let server: ExampleServer | undefined
  afterEach(async () => {
    await server?.kill()
    await killAll()
  })

  test.each(sections)('$name', async ({ name, shown }) => {
    server = new ExampleServer(name)
    const port = String(await server.port)
    // The port is the one number of five digits.
    const [given = ''] = /\b10\d{3}\b/.exec(shown) ?? []
    let printed = ''
    for (const [line, command = ''] of shown.matchAll(/^\$ (.+)\n/gm)) {
      const { stdout } = await run(['bash', '-c', command.replaceAll(given, port)])
      printed += line + stdout.toString().replaceAll(port, given)
    }
    expect(printed).toBe(shown)
  })
})
