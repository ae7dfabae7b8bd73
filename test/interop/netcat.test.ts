import { afterEach, describe, expect, test } from 'vitest'
import { digestOf, seededBytes } from '../support/bytes.ts'
import { Command } from '../support/command.ts'
import { killAll, run, start } from './programs.ts'

const TEXT = 'Dies ist die Straße.\n'
const large = seededBytes(8 * 1024 * 1024)

/** Each sends its stdin, half-closes, and writes what comes back. */
const streamClients = {
  socat: (port: number) => ['socat', '-t2', '-', `TCP:127.0.0.1:${port}`],
  nc: (port: number) => ['nc', '-N', '127.0.0.1', String(port)],
} as const
/** Each sends its stdin as datagrams, and writes what comes back within a second. */
const datagramClients = {
  socat: (port: number) => ['socat', '-t1', '-', `UDP:127.0.0.1:${port}`],
  nc: (port: number) => ['nc', '-u', '-w1', '127.0.0.1', String(port)],
} as const

describe('netcats', () => {
  let command: Command | undefined
  afterEach(async () => {
    await command?.kill()
    await killAll()
  })

  describe.each(Object.entries(streamClients))('%s over TCP', (_name, client) => {
    test('has its words back in upper case', async () => {
      command = new Command('serve', '--tcp', '0', 'logging', 'chunker:16', 'uppercaser', 'echo')
      const { code, stdout } = await run(client(await command.port('tcp')), TEXT)
      expect([code, stdout.toString()]).toEqual([0, TEXT.toUpperCase()])
    })

    test('has 8 MiB back that it has half-closed behind', async () => {
      command = new Command('serve', '--tcp', '0', 'chunker:4096', 'echo')
      const { code, stdout } = await run(client(await command.port('tcp')), large)
      expect([code, digestOf(stdout)]).toEqual([0, digestOf(large)])
    })
  })

  test.each(Object.entries(datagramClients))('%s over UDP has its words back', async (_name, client) => {
    command = new Command('serve', '--udp', '0', 'uppercaser', 'echo')
    const { stdout } = await run(client(await command.port('udp')), TEXT)
    expect(stdout.toString()).toBe(TEXT.toUpperCase())
  })

  test('`connect tcp://` has 8 MiB back from an echo by socat, which it has half-closed', async () => {
    const server = start('socat', '-d', '-d', 'TCP-LISTEN:0,bind=127.0.0.1', 'EXEC:cat')
    let log = ''
    const port = await new Promise<string>((resolve) => {
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text
        const listening = /listening on .*:(\d+)\n/.exec(log)?.[1]
        if (listening) resolve(listening)
      })
    })
    command = new Command('connect', `tcp://127.0.0.1:${port}`)
    command.process.stdin.end(large)
    expect(await command.exited).toBe(0)
    expect(digestOf(Buffer.from(command.stdout, 'latin1'))).toEqual(digestOf(large))
  })
})
