import { createTcpServer, echo, pipeline } from 'millrace'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

/** Every option at its default, so with all limits and timeouts on. */
export const millraceEcho: Peer = {
  about: '`createTcpServer(pipeline(echo()))`',
  async listen() {
    return listenOn(createTcpServer(pipeline(echo())))
  },
}
