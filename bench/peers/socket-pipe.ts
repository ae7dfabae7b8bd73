import { createServer } from 'node:net'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

/** Node's own shortest echo, with the socket options that Millrace sets by default. */
export const socketPipe: Peer = {
  about: '`socket.pipe(socket)` on `node:net`',
  listen() {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      socket.pipe(socket)
    })
    return listenNet(server)
  },
}
