import { createServer } from 'node:net'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

/** What most people write, with the pause that most forget. */
export const dataAndWrite: Peer = {
  about: '`socket.write` in the `data` event, paused until `drain` where it returns false',
  listen() {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (chunk) => {
        if (!socket.write(chunk)) socket.pause()
      })
      socket.on('drain', () => socket.resume())
      socket.on('end', () => socket.end())
    })
    return listenNet(server)
  },
}
