import { createServer } from 'node:net'
import { pipe } from 'it-pipe'
import { duplexOf } from './it-pipe-duplex.ts'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

/** An echo as users of it-pipe write it. */
export const itPipeEcho: Peer = {
  about: '`pipe(duplex, duplex)` of it-pipe, the socket adapted by stream-to-it',
  listen() {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      const duplex = duplexOf(socket)
      pipe(duplex, duplex).catch(() => socket.destroy())
    })
    return listenNet(server)
  },
}
