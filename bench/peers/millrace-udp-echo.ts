import { createUdpServer, echo, pipeline } from 'millrace'
import { listeningOf, nativelyListeningOf } from './listening.ts'
import type { Peer } from './peer.ts'

const listen = () => createUdpServer(pipeline(echo())).listen({ port: 0 })

/** A session per peer, every option at its default, so with all limits and timeouts on. */
export const millraceUdpEcho: Peer = {
  about: '`createUdpServer(pipeline(echo()))`, a session per peer',
  listen: async () => listeningOf(await listen()),
}

/** The same, by the native driver; missing where that is not taken. */
export const millraceNativeUdpEcho: Peer = {
  about: 'the same on the native driver',
  listen: async () => nativelyListeningOf(await listen()),
}
