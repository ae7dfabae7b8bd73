import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

async function serve(socket: Socket): Promise<void> {
  // Told to leave the socket at its end: by default the iterator destroys it, before the last reply is out.
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.end()
}

/** Node's own async iterator over a socket. */
export const socketForAwait: Peer = {
  about: '`for await` over the socket, `socket.write`, awaiting `drain` where it returns false',
  listen() {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      serve(socket).catch(() => socket.destroy())
    })
    return listenNet(server)
  },
}
