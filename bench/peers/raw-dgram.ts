import { createSocket } from 'node:dgram'
import type { Peer } from './peer.ts'

/** Node's own shortest echo of datagrams. */
export const rawDgram: Peer = {
  about: '`socket.send(data, port, address)` in the `message` event of `node:dgram`',
  async listen() {
    const socket = createSocket('udp4')
    socket.on('message', (data, { port, address }) => socket.send(data, port, address))
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).bind(0, '127.0.0.1', resolve)
    })
    return { port: socket.address().port }
  },
}
