import { type Connection, createUdpServer } from 'millrace'
import { listenOn } from './listening.ts'
import type { Listening, Peer } from './peer.ts'

function listen(driver?: string): Promise<Listening> {
  const server = createUdpServer()
  void acceptAll(server)
  return listenOn(server, driver)
}

async function acceptAll(server: AsyncIterable<Connection>): Promise<void> {
  for await (const session of server) void session.sink(session.source)
}

/** Each session's `source` into its `sink`. */
export const millraceUdpForAwait: Peer = {
  about: '`session.sink(session.source)` for each session of `createUdpServer()`',
  listen: () => listen(),
}

/** The same, by the native driver; missing where that is not taken. */
export const millraceNativeUdpForAwait: Peer = {
  about: 'the same on the native driver',
  listen: () => listen('native'),
}
