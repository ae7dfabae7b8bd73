// A TCP server that sends back what it gets, and a client that asks it.
import { text } from 'node:stream/consumers'
import { connectTcp, createTcpServer, echo, pipeline } from 'millrace'

const server = await createTcpServer(pipeline(echo())).listen({ port: 0 })

const client = await connectTcp({ port: server.address?.port })
client.write(Buffer.from('hello '))
client.write(Buffer.from('millrace'))
await client.closeWrite()

// The server's end comes after everything it had to send back.
console.log(`got "${await text(client)}"`)
const { error } = await client.closed
console.log(error ? `failed: ${error.message}` : 'closed cleanly')

await server.close()
