import { createTcpServer, sendTo } from 'millrace'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

/** The observable face. */
export const millraceData: Peer = {
  about: '`connection.data$.pipe(sendTo(connection))` for each connection of `createTcpServer()`',
  listen() {
    const server = createTcpServer()
    server.connections$.subscribe((connection) => {
      connection.data$.pipe(sendTo(connection)).subscribe({ error: () => {} })
    })
    return listenOn(server)
  },
}
