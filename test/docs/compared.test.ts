import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connectTcp, createTcpServer, definePlugin, discard, type Emit, pipeline, uppercaser } from 'millrace'
import { connectionPair } from '@millrace/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'

/** What the README's table says of others, each beside what it says of Millrace. */

const MIB = 1024 * 1024
let servers: Server[] = []
afterEach(() => {
  for (const server of servers) server.close()
  servers = []
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Sends everything and its end at once; counts what comes back. */
async function bytesBack(port: number): Promise<number> {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let count = 0
  client.on('data', (chunk) => (count += chunk.length)).on('error', () => {})
  client.end(Buffer.alloc(MIB))
  await once(client, 'close')
  return count
}

describe('a client that half-closes while the server is slow', () => {
  test('loses its answer under `for await (const chunk of socket)`', async () => {
    const answer = async (socket: Socket): Promise<void> => {
      for await (const chunk of socket) {
        await delay(1)
        socket.write(chunk)
      }
    }
    const port = await listen(createServer((socket) => void answer(socket.on('error', () => {})).catch(() => {})))
    expect(await bytesBack(port)).toBeLessThan(MIB)
  })

  test('gets all of it from Millrace', async () => {
    const slow = definePlugin({
      name: 'slow',
      open: ({ emitOutbound }) => ({
        async *inbound(source: AsyncIterable<Uint8Array>) {
          for await (const chunk of source) {
            await delay(1)
            emitOutbound(chunk)
            yield chunk
          }
        },
      }),
    })
    const server = await createTcpServer(pipeline(slow(), discard())).listen()
    expect(await bytesBack(server.address?.port as number)).toBe(MIB)
    await server.close()
  })
})

describe('a reset', () => {
  test('ends a raw Node process whose socket has no error listener', async () => {
    const program = `
      const server = require('net').createServer((socket) => socket.resume()).listen(0, '127.0.0.1', () => {
        const client = require('net').connect(server.address().port, '127.0.0.1', () => client.resetAndDestroy())
      })`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'pipe'] })
    let complaint = ''
    child.stderr.on('data', (chunk) => (complaint += chunk))
    const [code] = (await once(child, 'close')) as [number]
    expect({ code, complaint }).toEqual({ code: 1, complaint: expect.stringContaining('ECONNRESET') })
  })

  test('ends one connection of Millrace, with nobody listening', async () => {
    const server = await createTcpServer().listen()
    const iterator = server[Symbol.asyncIterator]()
    const client = connect(server.address?.port as number, '127.0.0.1', () => client.resetAndDestroy())
    const { value: connection } = await iterator.next()
    void connection.sink(connection.source)
    expect((await connection.closed).error).toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_RESET' })
    await server.close()
  })
})

/** What is written back for each byte. */
const FLOOD = Buffer.alloc(MIB)

describe('a peer that sends and never reads', () => {
  test('makes `socket.write` in a data listener queue without bound', async () => {
    let queued = 0
    const port = await listen(
      createServer((socket) => {
        socket.on('error', () => {})
        socket.on('data', () => {
          socket.write(FLOOD)
          queued = socket.writableLength
        })
      }),
    )
    const client = connect(port, '127.0.0.1').on('error', () => {})
    const timer = setInterval(() => client.write('x'), 1)
    await vi.waitFor(() => expect(queued).toBeGreaterThan(32 * MIB), { timeout: 15_000 })
    clearInterval(timer)
    client.destroy()
  })

  test('is not read any more by Millrace', async () => {
    const flood = definePlugin({
      name: 'flood',
      open: ({ emitOutbound }) => ({
        inbound: {
          push(chunk: Uint8Array, emit: Emit<Uint8Array>) {
            for (const _ of chunk) emitOutbound(FLOOD)
            emit(chunk)
          },
        },
      }),
    })
    const server = await createTcpServer(pipeline(flood(), discard())).listen()
    const client = connect(server.address?.port as number, '127.0.0.1').on('error', () => {})
    const timer = setInterval(() => client.write('x'), 1)
    let read = 0
    await vi.waitFor(() => {
      const [connection] = server.connections
      const before = read
      read = connection?.bytesRead ?? 0
      expect(read).toBeGreaterThan(0)
      expect(read).toBe(before)
    }, { timeout: 15_000, interval: 200 })
    clearInterval(timer)
    client.destroy()
    server.abort()
    await server.closed
  })
})

describe('leaving a read loop', () => {
  test('destroys a socket of Node', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => {}).write('hello')))
    const socket = connect(port, '127.0.0.1')
    for await (const _ of socket) break
    expect(socket.destroyed).toBe(true)
  })

  test('leaves a connection of Millrace open, for the next reader to go on', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => {}).pipe(socket)))
    const connection = await connectTcp({ port })
    for (const word of ['one', 'two']) {
      connection.write(Buffer.from(word))
      for await (const chunk of connection) {
        expect(Buffer.from(chunk).toString()).toBe(word)
        break
      }
    }
    expect(connection.status).toBe('open')
    await connection.close()
  })
})

describe('leaving an iteration whose peer is silent', () => {
  const turns = async (): Promise<'pending'> => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    return 'pending'
  }

  test('waits for the peer in a transform that is a generator, as those of it-pipe are', async () => {
    const [connection] = connectionPair()
    async function* transform(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) yield chunk
    }
    const iterator = transform(connection)
    const next = iterator.next()
    const left = iterator.return(undefined)
    expect(await Promise.race([left, turns()])).toBe('pending')
    connection.abort()
    await expect(next).rejects.toMatchObject({ code: 'MILLRACE_ERR_CONNECTION_ABORTED' })
    await left
  })

  test('settles at once in a transform of Millrace', async () => {
    const [connection] = connectionPair()
    const iterator = uppercaser().transform(connection)
    void iterator.next()
    expect(await Promise.race([iterator.return?.(undefined), turns()])).toEqual({ done: true, value: undefined })
    connection.abort()
  })
})
