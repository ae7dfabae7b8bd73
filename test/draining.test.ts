import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Digest, Digester, digestOf, seededBytes } from './support/bytes.ts'
import { Command } from './support/command.ts'

const input = seededBytes(8 * 1024 * 1024)
const sockets: Socket[] = []
let command: Command | undefined
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await command?.kill()
})

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** Sends 8 MiB, and has the first of it back: the rest is in flight. */
async function inFlight(port: number, digester: Digester): Promise<Socket> {
  const socket = await open(port)
  socket.end(input)
  const [first] = (await once(socket, 'data')) as [Buffer]
  socket.pause()
  digester.push(first)
  return socket
}

async function rest(socket: Socket, digester: Digester): Promise<Digest> {
  socket.on('data', (chunk: Buffer) => digester.push(chunk)).resume()
  await once(socket, 'end')
  return digester.end()
}

test.each(['echo', 'logging chunker:4096 echo'])(
  'SIGTERM lets eight echoes of 8 MiB be whole, closes an idle client within 500 ms, and ends with 0: %s',
  async (plugins) => {
    command = new Command('serve', '--tcp', '0', ...plugins.split(' '))
    const port = await command.port('tcp')
    const idle = await open(port)
    idle.resume().on('end', () => idle.end())
    const digesters = Array.from({ length: 8 }, () => new Digester())
    const busy = await Promise.all(digesters.map((digester) => inFlight(port, digester)))

    const idleClosed = once(idle, 'close')
    const told = performance.now()
    command.process.kill('SIGTERM')
    await idleClosed
    expect(performance.now() - told).toBeLessThan(500)

    await expect(open(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const whole = digestOf(input)
    const replies = await Promise.all(busy.map((socket, i) => rest(socket, digesters[i] as Digester)))
    expect(replies).toEqual(replies.map(() => whole))
    expect(await command.exited).toBe(0)
    expect(command.stdout.trim().split('\n')).toHaveLength(1)
  },
)
