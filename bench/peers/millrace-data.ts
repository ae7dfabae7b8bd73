import { createTcpServer, sendTo } from 'millrace'
import { listeningOf } from './listening.ts'
import type { Peer } from './peer.ts'

/** The observable face. */
export const millraceData: Peer = {
  about: '`connection.data$.pipe(sendTo(connection))` for each connection of `createTcpServer()`',
  async listen() {
    const server = await createTcpServer().listen({ port: 0 })
    server.connections$.subscribe((connection) => {
      connection.data$.pipe(sendTo(connection)).subscribe({ error: () => {} })
    })
    return listeningOf(server)
  },
}
