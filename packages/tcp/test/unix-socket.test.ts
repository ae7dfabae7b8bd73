import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { InvalidOptionError, ListenError, pipeline, respond } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { connectTcp, createTcpServer } from '../src/index.ts'
import { connectRaw, pattern, received, socketPath } from './loopback.ts'
import { expectNothingLeft, kept } from './support.ts'

expectNothingLeft()

const echoing = pipeline(respond<Uint8Array, Uint8Array>((chunk) => chunk))

/** The file of a server that was killed. */
async function staleSocket(): Promise<string> {
  const path = socketPath()
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script, path]), 'exit')
  return path
}

describe('a server on a path', () => {
  test('answers all of 8 MiB, whole, after a half-close', async () => {
    const path = socketPath()
    const server = await kept(createTcpServer(echoing)).listen({ path })
    expect(server.address).toEqual({ address: path, port: 0, family: 'unix' })
    const client = await connectRaw(server.address)
    const sent = pattern(8 * 1024 * 1024)
    client.end(sent)
    const { bytes, end } = await received(client)
    expect(end).toBe('end')
    expect(bytes.equals(sent)).toBe(true)
  })

  test('names both ends of its connections', async () => {
    const path = socketPath()
    const server = await kept(createTcpServer()).listen({ path })
    const client = await connectTcp({ path })
    expect(client).toMatchObject({ transport: 'unix', remoteAddress: { address: path, port: 0, family: 'unix' } })
    for await (const connection of server) {
      expect(connection).toMatchObject({ localAddress: { address: path }, remoteAddress: { address: '' } })
      await connection.close()
      break
    }
    await client.close()
  })

  test('removes its file when it closes', async () => {
    const path = socketPath()
    const server = await kept(createTcpServer(echoing)).listen({ path })
    expect(existsSync(path)).toBe(true)
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  test('lets all users connect with writableAll', async () => {
    const path = socketPath()
    await kept(createTcpServer(echoing)).listen({ path, readableAll: true, writableAll: true })
    expect(statSync(path).mode & 0o666).toBe(0o666)
  })
})

describe('a path that is taken', () => {
  test('is taken over where nobody answers any more', async () => {
    const path = await staleSocket()
    expect(statSync(path).isSocket()).toBe(true)
    const server = await kept(createTcpServer(echoing)).listen({ path })
    const client = await connectRaw(server.address)
    client.end('mine now')
    expect((await received(client)).bytes.toString()).toBe('mine now')
  })

  test('is left to the server that listens there', async () => {
    const path = socketPath()
    const first = await kept(createTcpServer(echoing)).listen({ path })
    const error = await kept(createTcpServer(echoing)).listen({ path }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({ address: `unix ${path}`, cause: { code: 'EADDRINUSE' } })
    const client = await connectRaw(first.address)
    client.end('still here')
    expect((await received(client)).bytes.toString()).toBe('still here')
  })

  test.each(['file', 'link'])('by a %s is left as it is', async (kind) => {
    const path = socketPath()
    if (kind === 'file') writeFileSync(path, 'precious')
    else symlinkSync(await staleSocket(), path)
    await expect(kept(createTcpServer(echoing)).listen({ path })).rejects.toBeInstanceOf(ListenError)
    expect(existsSync(path)).toBe(true)
  })
})

describe('options', () => {
  test.each([
    [{ path: '/tmp/x', port: 1 }, 'listen.path'],
    [{ path: '/tmp/x', host: '::1' }, 'listen.path'],
    [{ path: '' }, 'listen.path'],
    [{ path: `/tmp/${'x'.repeat(120)}` }, 'listen.path'],
    [{ host: '' }, 'listen.host'],
    [{ port: 65_536 }, 'listen.port'],
    [{ port: '80' }, 'listen.port'],
    [{ backlog: 0 }, 'listen.backlog'],
    [{ signal: {} }, 'listen.signal'],
    [{ prot: 80 }, 'listen.prot'],
  ])('%o are refused', async (options, option) => {
    const error = await kept(createTcpServer(echoing)).listen(options as never).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error).toMatchObject({ option })
  })

  test('are not changed', async () => {
    const options = Object.freeze({ port: 0, host: '127.0.0.1' })
    await kept(createTcpServer(echoing)).listen(options)
    expect(options).toEqual({ port: 0, host: '127.0.0.1' })
  })
})
