import { chunker, createContainer, createTcpServer, echo, LOGGER, logging, pipeline, uppercaser } from 'millrace'
import { discardingLogger } from './discarding-logger.ts'
import type { Peer } from './peer.ts'

/** Every option of the server at its default; logging logs both directions, as it does by default. */
export const millraceChain: Peer = {
  about: '`pipeline(logging(), chunker({ size: 64 }), uppercaser(), echo())`, the logger discarding',
  async listen() {
    const container = createContainer()
    container.register(LOGGER, { useValue: discardingLogger })
    const shout = pipeline(logging(), chunker({ size: 64 }), uppercaser(), echo())
    const server = await createTcpServer(shout, { container }).listen({ port: 0 })
    return server.address?.port ?? 0
  },
}
