import { type Connection, createUdpServer } from 'millrace'
import { listeningOf, nativelyListeningOf } from './listening.ts'
import type { Peer } from './peer.ts'

async function listen() {
  const server = await createUdpServer().listen({ port: 0 })
  void acceptAll(server)
  return server
}

async function acceptAll(server: AsyncIterable<Connection>): Promise<void> {
  for await (const session of server) void session.sink(session.source)
}

/** Each session's `source` into its `sink`. */
export const millraceUdpForAwait: Peer = {
  about: '`session.sink(session.source)` for each session of `createUdpServer()`',
  listen: async () => listeningOf(await listen()),
}

/** The same, by the native driver; missing where that is not taken. */
export const millraceNativeUdpForAwait: Peer = {
  about: 'the same on the native driver',
  listen: async () => nativelyListeningOf(await listen()),
}
