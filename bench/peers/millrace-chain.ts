import { chunker, createContainer, createTcpServer, echo, LOGGER, logging, pipeline, uppercaser } from 'millrace'
import { discardingLogger } from './discarding-logger.ts'
import { listenOn } from './listening.ts'
import type { Listening, Peer } from './peer.ts'

/** Every option of the server at its default; logging logs both directions, as it does by default. */
async function listen(size: number): Promise<Listening> {
  const container = createContainer()
  container.register(LOGGER, { useValue: discardingLogger })
  const shout = pipeline(logging(), chunker({ size }), uppercaser(), echo())
  return listenOn(createTcpServer(shout, { container }))
}

export const millraceChain: Peer = {
  about: '`pipeline(logging(), chunker({ size: 64 }), uppercaser(), echo())`, the logger discarding',
  listen: () => listen(64),
}

export const millraceBulkChain: Peer = {
  about: 'the same with `chunker({ size: 65_536 })`',
  listen: () => listen(65_536),
}
