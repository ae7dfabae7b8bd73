import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { descriptorOf } from '../src/ports/descriptor.ts'
import { DescriptorGuard } from '../src/server/descriptor-guard.ts'
import { connectRaw, received, socketPair } from './loopback.ts'
import { expectNothingLeft } from './support.ts'

expectNothingLeft()

describe('DescriptorGuard', () => {
  test('keeps an eighth of the descriptors back, and at most 64', () => {
    expect(new DescriptorGuard(64).firstReserved).toBe(56)
    expect(new DescriptorGuard(1_024).firstReserved).toBe(960)
    expect(new DescriptorGuard(Infinity).firstReserved).toBe(Infinity)
  })

  test.each([
    ['by the number of the socket', descriptorOf],
    ['by the next free number, where the socket does not show its own', () => undefined],
  ] as const)('tells that a socket took one of the last %s', async (_how, numberOf) => {
    const { local } = await socketPair()
    expect(new DescriptorGuard(16).isScarce(numberOf(local))).toBe(true)
    expect(new DescriptorGuard(1_000_000).isScarce(numberOf(local))).toBe(false)
    expect(new DescriptorGuard(Infinity).isScarce(numberOf(local))).toBe(false)
  })
})

/** What the process of fixtures/few-descriptors.ts says, line by line. */
interface Said {
  readonly port?: number
  readonly refused?: number
  readonly descriptors?: number
  readonly error?: string
}

async function* linesOf(child: ChildProcess): AsyncGenerator<Said> {
  if (child.stdout === null) return
  for await (const line of createInterface(child.stdout)) yield JSON.parse(line) as Said
}

function firstOf(client: Socket, events: readonly string[]): Promise<string> {
  client.write('x')
  return new Promise((resolve) => {
    for (const event of events) client.once(event, () => resolve(event))
  })
}

const onLinux = test.runIf(process.platform === 'linux')

onLinux('a process out of descriptors refuses, counts, serves on and recovers', async () => {
  const fixture = fileURLToPath(new URL('./fixtures/few-descriptors.ts', import.meta.url))
  const words = [process.execPath, '--import', 'tsx', '--conditions=@millrace/source', fixture]
  const shell = ['-c', 'ulimit -n 256 && exec "$@"', 'sh', ...words]
  const child = spawn('sh', shell, { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const lines = linesOf(child)
    const say = async (): Promise<Said> => {
      child.stdin.write('\n')
      return ((await lines.next()).value ?? {}) as Said
    }
    const { port = 0 } = await say()
    const address = { address: '127.0.0.1', port, family: 'IPv4' } as const
    const first = await connectRaw(address)
    const clients = await Promise.all(Array.from({ length: 400 }, () => connectRaw(address)))
    const answers = await Promise.all(clients.map((client) => firstOf(client, ['data', 'end', 'error'])))
    const served = clients.filter((_client, index) => answers[index] === 'data')
    expect(served.length).toBeGreaterThan(100)
    const { refused, descriptors, error } = await say()
    expect(refused).toBe(400 - served.length)
    expect(descriptors).toBe(refused)
    expect(error).toBeUndefined()

    first.end('old')
    expect((await received(first)).bytes.toString()).toBe('old')
    for (const client of clients) client.destroy()
    await say()
    const late = await connectRaw(address)
    late.end('late')
    expect((await received(late)).bytes.toString()).toBe('late')
  } finally {
    child.kill()
  }
})
