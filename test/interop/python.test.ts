import { afterEach, describe, expect, test } from 'vitest'
import { digestOf, seededBytes } from '../support/bytes.ts'
import { Command } from '../support/command.ts'
import { killAll, mayForge, python, PythonServer, run } from './programs.ts'

const TEXT = 'Dies ist die Straße. 강물이 흐른다. It will be repeated.'
const large = seededBytes(8 * 1024 * 1024)
const one = (command: string[], input: string | Uint8Array = TEXT): ReturnType<typeof run> => run(command, input)

describe('programs in Python', () => {
  let command: Command | undefined
  afterEach(async () => {
    await command?.kill()
    command = undefined
    await killAll()
  })
  const serve = (...args: string[]): Command => (command = new Command('serve', ...args))

  test('a TCP client and `serve chunker:16 echo`', async () => {
    const port = await serve('--tcp', '0', 'chunker:16', 'echo').port('tcp')
    expect(await one(python('tcp_client', port))).toMatchObject({ code: 0, stdout: Buffer.from(TEXT), stderr: '' })
    expect(await one(python('tcp_client', port), 'again')).toMatchObject({ code: 0, stdout: Buffer.from('again') })
  })

  test('a TCP client and `serve logging chunker:16 uppercaser echo`', async () => {
    const port = await serve('--tcp', '0', 'logging', 'chunker:16', 'uppercaser', 'echo').port('tcp')
    const { stdout } = await one(python('tcp_client', port, 'half-close'))
    expect(stdout.toString()).toBe(TEXT.toUpperCase())
  })

  test('a TCP client that half-closes has 8 MiB back from `serve chunker:16 echo`', async () => {
    const port = await serve('--tcp', '0', 'chunker:16', 'echo').port('tcp')
    const { code, stdout } = await one(python('tcp_client', port, 'half-close'), large)
    expect([code, digestOf(stdout)]).toEqual([0, digestOf(large)])
  })

  test('a TCP server and `connect tcp://`', async () => {
    const server = new PythonServer('tcp_server')
    command = new Command('connect', `tcp://127.0.0.1:${await server.port}`)
    const text = 'This is the message. It will be repeated.'
    command.process.stdin.end(text)
    expect(await command.exited).toBe(0)
    expect(command.stdout).toBe(text)
    const pieces = text.match(/.{1,16}/g)?.map((piece) => `got '${piece}'`) ?? []
    expect(await server.lines).toEqual([...pieces, 'end'])
  })

  test('a UDP client and `serve --udp`', async () => {
    const port = await serve('--udp', '0', 'echo').port('udp')
    expect(await one(python('udp_client', port))).toMatchObject({ code: 0, stdout: Buffer.from(TEXT), stderr: '' })
    // An empty datagram is one, too.
    expect(await one(python('udp_client', port), '')).toMatchObject({ code: 0, stdout: Buffer.alloc(0) })
    const most = large.subarray(0, 4096)
    expect((await one(python('udp_client', port), most)).stdout.equals(most)).toBe(true)
  })

  test('a UDP server and `connect udp://`', async () => {
    const server = new PythonServer('udp_server', 1)
    command = new Command('connect', `udp://127.0.0.1:${await server.port}`)
    command.process.stdin.end(TEXT)
    expect(await command.exited).toBe(0)
    expect(Buffer.from(command.stdout, 'latin1').toString()).toBe(TEXT)
    expect(await server.lines).toEqual([`got ${Buffer.byteLength(TEXT)}`])
  })

  test.skipIf(!mayForge)('datagrams from port 0 and from the server itself are never answered', async () => {
    const port = await serve('--udp', '0', 'echo').port('udp')
    for (const source of [0, port]) {
      const forging = await run(python('forged_datagram', '127.0.0.1', source, port, 'forged'))
      expect(forging).toMatchObject({ code: 0, stderr: '' })
    }
    expect((await one(python('udp_client', port))).stdout.toString()).toBe(TEXT)
    command?.process.kill('SIGTERM')
    expect(await command?.exited).toBe(0)
    const drops = (command?.stderr ?? '').split('\n').filter((line) => line.includes('datagram dropped'))
    expect(drops.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { reason: 'source-port-0', count: 1 },
      { reason: 'own-address', count: 1 },
    ])
  })
})
