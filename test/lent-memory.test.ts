import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { pipeline } from '@millrace/core'
import { seededRandom } from '@millrace/core/testing'
import { chunker, echo, uppercaser } from '@millrace/plugins'
import { createTcpServer } from '@millrace/tcp'
import { pipe } from 'it-pipe'
import { expect, test } from 'vitest'
import { type Digest, Digester } from './support/bytes.ts'
import { describeOnTcpDrivers } from './support/tcp-drivers.ts'

/** More than the kernel's buffers may grow to on both ways, whose bounds are the machine's. */
const MORE_THAN_IS_TAKEN = 512 * 1024 * 1024

/** Upper-case letters, which no stage here changes, other ones for each seed. */
function letters(length: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = 65 + Math.floor(random() * 26)
  return bytes
}

/**
 * Does not read while it writes, until nothing of it is taken any more: by then the server has answers that nobody takes.
 *
 * @param text - sent over and over.
 */
async function sendUntilStuck(socket: Socket, text: Buffer, sizeOf: () => number, sent: Digester): Promise<void> {
  for (let stuck = 0; sent.bytes < MORE_THAN_IS_TAKEN && stuck < 200; await turn()) {
    if (socket.writableLength > 0) {
      stuck++
      continue
    }
    stuck = 0
    const at = sent.bytes % text.length
    const piece = text.subarray(at, at + sizeOf())
    sent.push(piece)
    socket.write(piece)
  }
}

/** Everything, read in steps with pauses between, while the rest is written. */
async function readRest(socket: Socket, rest: Buffer): Promise<Digest> {
  const digester = new Digester()
  socket.on('data', (chunk: Buffer) => {
    digester.push(chunk)
    socket.pause()
    setImmediate(() => socket.resume())
  })
  const ended = once(socket, 'end')
  socket.end(rest)
  await ended
  return digester.end()
}

const servers = {
  'echo alone': () => createTcpServer(pipeline(echo())),
  'stages that emit views and copies': () => createTcpServer(pipeline(chunker({ size: 1000 }), uppercaser(), echo())),
  'source and sink by hand': () => {
    const server = createTcpServer()
    server.connections$.subscribe((connection) => void pipe(connection, connection))
    return server
  },
}

describeOnTcpDrivers('memory that is read into again shows nowhere in what was answered before', () => {
  test.each(Object.entries(servers))('%s', async (_name, create) => {
    const server = await create().listen({ port: 0 })
    const port = server.address?.port as number
    const play = async (seed: number, sizeOf: () => number): Promise<void> => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      const sent = new Digester()
      await sendUntilStuck(socket, letters(1_000_003, seed), sizeOf, sent)
      expect(sent.bytes).toBeLessThan(MORE_THAN_IS_TAKEN)
      const rest = letters(20_000, seed + 100)
      sent.push(rest)
      expect(await readRest(socket, rest)).toEqual(sent.end())
    }
    const random = seededRandom(5)
    const bulk = (): number => 1 + Math.floor(random() * 300_000)
    const small = (): number => 1 + Math.floor(random() * 8_000)
    // The small ones are read into memory that all quiet connections share, the others each into some of its own.
    await Promise.all([play(1, bulk), play(2, bulk), play(3, small), play(4, small)])
    await server.close()
  })

  test('where a read is answered in part, and the rest when the kernel has taken that', async () => {
    const server = await createTcpServer(pipeline(echo()), { highWaterMark: 64 * 1024 }).listen({ port: 0 })
    const port = server.address?.port as number
    const play = async (seed: number): Promise<void> => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      await once(socket, 'connect')
      const sent = new Digester()
      for (let round = 0; round < 5; round++) {
        const text = letters(200_000, 10 * seed + round)
        sent.push(text)
        socket.write(text)
      }
      expect(await readRest(socket, Buffer.alloc(0))).toEqual(sent.end())
    }
    // All at once, so that the system tells of several together: each is read into the memory of the one before.
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(play))
    await server.close()
  })
})
