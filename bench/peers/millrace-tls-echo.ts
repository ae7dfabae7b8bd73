import { createTcpServer, echo, pipeline } from 'millrace'
import { credentials } from './credentials.ts'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

/** Every option but `tls` at its default, so with all limits and timeouts on. */
export const millraceTlsEcho: Peer = {
  about: '`createTcpServer(pipeline(echo()), { tls })`',
  async listen() {
    return listenOn(createTcpServer(pipeline(echo()), { tls: credentials() }))
  },
}
