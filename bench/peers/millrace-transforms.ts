import { pipe } from 'it-pipe'
import { chunker, type Connection, createTcpServer, LOGGER, logging, uppercaser } from 'millrace'
import { container } from 'tsyringe'
import { discardingLogger } from './discarding-logger.ts'
import { listenOn } from './listening.ts'
import type { Peer } from './peer.ts'

const log = logging()
const inbound = log.transform
const outbound = log.outbound.transform
const chunked = chunker({ size: 64 }).transform
const upper = uppercaser().transform

async function acceptAll(server: AsyncIterable<Connection>): Promise<void> {
  for await (const connection of server) {
    // Marked as handled by the sink: a failure is the connection's, which reports it.
    void pipe(connection, inbound, chunked, upper, outbound, connection)
  }
}

/** The same plugins as the fused chain, each as the async transform that it-pipe takes, over our connection. */
export const millraceTransforms: Peer = {
  about: 'the `.transform`s of `logging()`, `chunker({ size: 64 })` and `uppercaser()` under it-pipe, over a connection',
  async listen() {
    // A transform knows no server whose container it could ask: its services are those of the root.
    container.register(LOGGER, { useValue: discardingLogger })
    const server = createTcpServer()
    void acceptAll(server)
    return listenOn(server)
  },
}
