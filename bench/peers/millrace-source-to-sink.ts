import { type Connection, createTcpServer } from 'millrace'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

async function acceptAll(server: AsyncIterable<Connection>): Promise<void> {
  for await (const connection of server) void connection.sink(connection.source)
}

/** The duplex of it-pipe without it-pipe: `sink` iterates over `source`. */
export const millraceSourceToSink: Peer = {
  about: '`connection.sink(connection.source)` for each connection of `createTcpServer()`',
  listen() {
    const server = createTcpServer()
    void acceptAll(server)
    return listenOn(server)
  },
}
