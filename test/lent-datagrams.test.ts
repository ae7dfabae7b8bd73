import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { pipeline } from '@millrace/core'
import { echo, lengthPrefixed, msgpack, tee } from '@millrace/plugins'
import { createUdpServer } from '@millrace/udp'
import { expect, test } from 'vitest'
import { describeOnDrivers } from './support/udp-drivers.ts'

/** A frame with a message of MessagePack: `{ name: 'a', data: 100 bytes, all of them 'a' }`. */
function messageOf(name: string): Buffer {
  const data = Buffer.alloc(100, name)
  const head = Buffer.from([0, 0, 0, 115, 0x82, 0xa4, ...Buffer.from('name'), 0xa1, ...Buffer.from(name), 0xa4, ...Buffer.from('data')])
  return Buffer.concat([head, Buffer.from([0xc4, data.length]), data])
}

async function ask(socket: Socket, question: Uint8Array, port: number): Promise<Buffer> {
  const answered = once(socket, 'message')
  socket.send(question, port, '127.0.0.1')
  const [answer] = (await answered) as [Buffer]
  return answer
}

describeOnDrivers('memory that datagrams are read into again', () => {
  test('shows in no message that was given to somebody who keeps it', async () => {
    const kept: { name: string; data: Uint8Array }[] = []
    const keep = tee({ to: ({ item }) => void kept.push(item as (typeof kept)[0]), direction: 'inbound' })
    const server = await createUdpServer(pipeline(lengthPrefixed(), msgpack(), keep, echo())).listen()
    const peers = ['a', 'b', 'c'].map((name) => ({ name, socket: createSocket('udp4') }))
    for (let round = 0; round < 3; round++) {
      for (const { name, socket } of peers) {
        expect(await ask(socket, messageOf(name), server.address?.port as number)).toEqual(messageOf(name))
      }
    }
    for (const { socket } of peers) socket.close()
    server.abort()
    await server.closed
    expect(kept).toHaveLength(9)
    for (const { name, data } of kept) expect(String(Buffer.from(data))).toBe(name.repeat(100))
  })
})
