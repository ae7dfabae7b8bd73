import { createTcpServer, echo, pipeline } from 'millrace'
import { listeningOf } from './listening.ts'
import type { Peer } from './peer.ts'

/** Every option at its default, so with all limits and timeouts on. */
export const millraceEcho: Peer = {
  about: '`createTcpServer(pipeline(echo()))`',
  async listen() {
    return listeningOf(await createTcpServer(pipeline(echo())).listen({ port: 0 }))
  },
}
