import { createTcpServer, echo, pipeline } from 'millrace'
import type { Peer } from './peer.ts'

/** Every option at its default, so with all limits and timeouts on. */
export const millraceEcho: Peer = {
  about: '`createTcpServer(pipeline(echo()))`',
  async listen() {
    const server = await createTcpServer(pipeline(echo())).listen({ port: 0 })
    return server.address?.port ?? 0
  },
}
