import { createUdpServer, echo, pipeline } from 'millrace'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

const create = () => createUdpServer(pipeline(echo()))

/** A session per peer, every option at its default, so with all limits and timeouts on. */
export const millraceUdpEcho: Peer = {
  about: '`createUdpServer(pipeline(echo()))`, a session per peer',
  listen: () => listenOn(create()),
}

/** The same, by the native driver; missing where that is not taken. */
export const millraceNativeUdpEcho: Peer = {
  about: 'the same on the native driver',
  listen: () => listenOn(create(), 'native'),
}
