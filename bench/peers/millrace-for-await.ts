import { type Connection, createTcpServer } from 'millrace'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

async function serve(connection: Connection): Promise<void> {
  for await (const chunk of connection.source) {
    if (!connection.write(chunk)) await connection.drain()
  }
  await connection.closeWrite()
}

async function acceptAll(server: AsyncIterable<Connection>): Promise<void> {
  for await (const connection of server) serve(connection).catch(() => {})
}

/** A loop of one's own over `source`. */
export const millraceForAwait: Peer = {
  about: '`for await` over `connection.source`, `connection.write`, awaiting `drain` where it returns false',
  listen() {
    const server = createTcpServer()
    void acceptAll(server)
    return listenOn(server)
  },
}
