// A connection is a duplex for it-pipe, and a plugin has a transform for it: a server without a pipeline of its own.
import { text } from 'node:stream/consumers'
import { pipe } from 'it-pipe'
import { chunker, connectTcp, createTcpServer, uppercaser } from 'millrace'

const server = await createTcpServer().listen({ port: 0 })

async function serve(): Promise<void> {
  for await (const connection of server) {
    // The promise may be left alone: what goes wrong is in `connection.closed`, once.
    void pipe(connection, chunker({ size: 4 }).transform, uppercaser().transform, connection)
    void connection.closed.then(({ error }) => console.log(error?.message ?? 'served one connection'))
  }
}
const serving = serve()

const client = await connectTcp({ port: server.address?.port })
void pipe([Buffer.from('through '), Buffer.from('it-pipe')], client)
const answer = await text(client)

await server.close()
await serving
console.log(`got "${answer}"`)
