import { createServer } from 'node:tls'
import { credentials } from './credentials.ts'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

/** Node's own shortest echo over TLS, with the socket options that Millrace sets by default. */
export const tlsPipe: Peer = {
  about: '`socket.pipe(socket)` on `node:tls`',
  listen() {
    const server = createServer({ ...credentials(), allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      socket.pipe(socket)
    })
    return listenNet(server)
  },
}
