// The client and server pair of the sockets lesson: 40 bytes, read and sent back in pieces of 16.
import { chunker, connectTcp, createTcpServer, definePlugin, echo, type Emit, pipeline } from 'millrace'

const narrator = definePlugin({
  name: 'narrator',
  open: () => ({
    inbound: {
      push(data: Uint8Array, emit: Emit<Uint8Array>) {
        console.log(`server: received '${Buffer.from(data)}'`)
        console.log('server: sending data back to the client')
        emit(data)
      },
      end: () => console.log('server: no more data'),
    },
  }),
})

const server = await createTcpServer(pipeline(chunker({ size: 16 }), narrator(), echo())).listen({ port: 0 })

const client = await connectTcp({ port: server.address?.port })
const message = 'This is the message. It will be repeated'
console.log(`client: sending '${message}'`)
client.write(Buffer.from(message))

let received = ''
for await (const data of client) {
  received += Buffer.from(data)
  if (received.length >= message.length) break
}
console.log(`client: received '${received}'`)
await client.close()
await server.close()
