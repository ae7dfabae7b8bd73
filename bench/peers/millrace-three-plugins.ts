import { createContainer, createTcpServer, echo, LOGGER, logging, pipeline, uppercaser } from 'millrace'
import { discardingLogger } from './discarding-logger.ts'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

/** What `npm start` serves, and what an idle connection with a few plugins weighs. */
export const millraceThreePlugins: Peer = {
  about: '`pipeline(logging(), uppercaser(), echo())`, the logger discarding',
  async listen() {
    const container = createContainer()
    container.register(LOGGER, { useValue: discardingLogger })
    const shout = pipeline(logging(), uppercaser(), echo())
    return listenOn(createTcpServer(shout, { container }))
  },
}
