import { createUdpServer, echo, pipeline } from 'millrace'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

/** Room for 100,000 sessions that come at once, and that none of them ends while others are served. */
const limits = { maxSessions: 200_000, maxNewSessionsPerSecond: 1_000_000, sessionIdleTimeout: 600_000 } as const

const create = () => createUdpServer(pipeline(echo()), limits)

/** The UDP echo with the limits on the number of sessions raised. */
export const millraceUdpMany: Peer = {
  about: '`createUdpServer(pipeline(echo()), { maxSessions: 200_000, ... })`',
  listen: () => listenOn(create()),
}

/** The same, by the native driver; missing where that is not taken. */
export const millraceNativeUdpMany: Peer = {
  about: 'the same on the native driver',
  listen: () => listenOn(create(), 'native'),
}
