import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { commandHelp, generalHelp, version } from '../../src/cli/help.ts'
import { SERVER_FLAGS } from '../../src/cli/server-flags.ts'
import { run } from './command.ts'

describe('help', () => {
  test('of serve lists every flag, with unit and default, and every plugin', () => {
    const help = commandHelp('serve', [{ name: 'some-plugin', help: 'does it', accepts: 'any', produces: 'same', options: {} }])
    for (const name of ['tcp', 'udp', 'unix', 'host', 'import', ...SERVER_FLAGS.keys()]) expect(help).toMatch(`  --${name} `)
    expect(help.replaceAll(/\s+/g, ' ')).toContain('--idle-timeout MS no byte either way for this long closes the connection; 0 never does (integer, 0 or more ms, default 60000)')
    expect(help).toContain('some-plugin  (any -> same)\n  does it\n')
  })

  test('fits a terminal', () => {
    const lines = (['serve', 'connect', 'plugins'] as const).flatMap((command) => commandHelp(command, []).split('\n'))
    for (const line of [...lines, ...generalHelp().split('\n')]) expect(line.length).toBeLessThanOrEqual(110)
  })

  test('tells the version of the package', () => {
    const { version: packaged } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    expect(version()).toBe(packaged)
  })
})

describe('millrace', () => {
  test.each([
    [[], 'millrace serve [--host ADDR]'],
    [['--help'], 'millrace connect URL'],
    [['--version'], version()],
    [['serve', '--help'], 'uppercaser  (bytes -> same)'],
    [['connect', '--help'], '--wait MS'],
  ])('%j writes to stdout and exits with 0', async (args, text) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(text)
  })

  test('an unknown command is one line on stderr and exit code 2', async () => {
    const stderr = 'millrace: unknown command "servce"; did you mean "serve"?\n'
    expect(await run(['servce'])).toEqual({ code: 2, signal: null, stdout: '', stderr })
  })
})
