// A connection is an observable, and a plugin has an operator for it: a server without a pipeline of its own.
import { text } from 'node:stream/consumers'
import { finalize } from 'rxjs'
import { connectTcp, createTcpServer, paced, sendTo, uppercaser } from 'millrace'

const server = await createTcpServer().listen({ port: 0 })

async function lookUp(chunk: Uint8Array): Promise<Uint8Array> {
  // Whatever takes its time; the connection is not read meanwhile.
  return Buffer.concat([Buffer.from('found '), chunk])
}

server.connections$.subscribe((connection) => {
  connection.data$
    .pipe(paced(lookUp), uppercaser().operator, sendTo(connection), finalize(() => console.log('done')))
    .subscribe({ error: (error: Error) => console.log(error.message) })
})

const client = await connectTcp({ port: server.address?.port })
client.write(Buffer.from('rxjs'))
await client.closeWrite()
const answer = await text(client)

await server.close()
console.log(`got "${answer}"`)
