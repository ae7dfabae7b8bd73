import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { loadNative } from '../src/index.ts'
import { hasNative } from './sockets.ts'

const FIXTURE = fileURLToPath(new URL('fixtures/lifetime.ts', import.meta.url))

let child: ChildProcess | undefined
afterEach(() => {
  child?.kill()
})

describe.runIf(hasNative)('a process (where the binary is)', () => {
  test('goes on for as long as there are sockets, and hears of what a listener throws', async () => {
    const own = spawn(process.execPath, ['--import', 'tsx', FIXTURE], { stdio: ['ignore', 'pipe', 'inherit'] })
    child = own
    const exited = once(own, 'exit')
    const lines: string[] = []
    const reader = createInterface(own.stdout)
    reader.on('line', (line) => lines.push(line))
    await once(reader, 'line')
    const peer = connect(Number(lines[0]), '127.0.0.1')
    peer.write('throw')
    await vi.waitFor(() => expect(lines.slice(1)).toEqual(['throw', 'uncaught: from a listener']), 10_000)
    peer.write('stop')
    expect(String((await once(peer, 'data'))[0])).toBe('STOP')
    // What listened is closed; the connection alone keeps it.
    peer.write('more')
    expect(String((await once(peer, 'data'))[0])).toBe('MORE')
    peer.end()
    expect(await exited).toEqual([0, null])
    expect(lines.slice(3)).toEqual(['stop', 'more'])
  })
})

describe('loadNative', () => {
  const arch = Object.getOwnPropertyDescriptor(process, 'arch') as PropertyDescriptor

  afterEach(() => {
    Object.defineProperty(process, 'arch', arch)
    vi.resetModules()
  })

  test.runIf(hasNative)('makes one poller', () => {
    expect(loadNative()).toBe(loadNative())
  })

  test('says which platform there is no binary for', async () => {
    vi.resetModules()
    Object.defineProperty(process, 'arch', { ...arch, value: 'pdp11' })
    const fresh = await import('../src/index.ts')
    expect(() => fresh.loadNative()).toThrow(`there is no binary for ${process.platform}-pdp11`)
  })
})
