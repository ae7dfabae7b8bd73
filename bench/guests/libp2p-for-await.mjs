// Echo through the async iterator of a libp2p connection, waiting where its `send` says so.
import { listenLibp2p } from './libp2p-listen.mjs'

async function serve(connection) {
  for await (const data of connection) {
    if (!connection.send(data)) await connection.onDrain()
  }
}

await listenLibp2p((connection) => void serve(connection).catch(() => {}))
