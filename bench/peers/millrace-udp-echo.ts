import { createUdpServer, echo, pipeline } from 'millrace'
import type { Peer } from './peer.ts'

/** A session per peer, every option at its default, so with all limits and timeouts on. */
export const millraceUdpEcho: Peer = {
  about: '`createUdpServer(pipeline(echo()))`, a session per peer',
  async listen() {
    const server = await createUdpServer(pipeline(echo())).listen({ port: 0 })
    return server.address?.port ?? 0
  },
}
