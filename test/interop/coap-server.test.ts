import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startCoap } from '../../examples/servers/coap-server.ts'
import type { Running } from '../../examples/servers/shared/running.ts'
import { killAll, run, start } from './programs.ts'

describe('the CoAP server and libcoap’s client', () => {
  let server: Running
  beforeEach(async () => {
    server = await startCoap()
  })
  afterEach(async () => {
    await killAll()
    await server.close()
  })
  const command = (path: string, ...words: readonly string[]): [string, ...string[]] =>
    ['coap-client-notls', '-B', '5', ...words, `coap://127.0.0.1:${server.port}/${path}`]
  const coap = async (path: string, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(command(path, ...words))
    expect(code).toBe(0)
    return stdout.toString() + stderr
  }

  test.each([['confirmable', []], ['not confirmable', ['-N']]])('read and write, %s', async (_what, words) => {
    expect(await coap('wheel', ...words)).toBe('at rest\n')
    expect(await coap('wheel', ...words, '-m', 'put', '-e', 'turning')).toBe('')
    expect(await coap('wheel', ...words)).toBe('turning\n')
  })

  test('are told of what is there, and of what cannot be had', async () => {
    expect(await coap('.well-known/core')).toMatch(/^<\/greeting>;title="a greeting";ct=0,<\/wheel>/)
    expect(await coap('nothing')).toMatch(/^4\.04/)
    expect(await coap('greeting', '-m', 'put', '-e', 'x')).toMatch(/^4\.05/)
    expect(await coap('wheel', '-A', '50')).toMatch(/^4\.06/)
    expect(await coap('wheel', '-m', 'put', '-e', 'x'.repeat(300))).toMatch(/^4\.13/)
  })

  test('observe, each change once, until they stop', async () => {
    // By lines: into a pipe it would write all at its end.
    const observer = start('stdbuf', '-oL', ...command('wheel', '-w', '-s', '2'))
    let said = ''
    observer.stdout.on('data', (text) => (said += String(text)))
    const hasSaid = (state: string): Promise<void> => vi.waitFor(() => expect(said.endsWith(`${state}\n`)).toBe(true), 5_000)
    await hasSaid('at rest')
    for (const [i, state] of ['turning', 'faster', 'at rest again'].entries()) {
      await coap('wheel', ...(i === 1 ? ['-N'] : []), '-m', 'put', '-e', state)
      await hasSaid(state)
    }
    // It says that it stops, and ends.
    await once(observer, 'close')
    expect(said.split('\n').filter((line) => line !== '')).toEqual(['at rest', 'turning', 'faster', 'at rest again'])
  })

  test('get through where datagrams are lost', async () => {
    expect(await coap('wheel', '-l', '1', '-m', 'put', '-e', 'turning')).toBe('')
    expect(await coap('wheel')).toBe('turning\n')
  })
})
