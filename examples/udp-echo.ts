// A UDP server that sends back each datagram. Each peer is a session, which ends when the peer is silent.
import { connectUdp, createUdpServer, echo, pipeline } from 'millrace'

const server = await createUdpServer(pipeline(echo())).listen({ port: 0 })
server.connections$.subscribe(() => console.log('a session began'))

const client = await connectUdp({ port: server.address?.port ?? 0 })
const answers = client.source[Symbol.asyncIterator]()

for (const word of ['one', '', 'three']) {
  client.write(Buffer.from(word))
  const { value } = await answers.next()
  console.log(`sent "${word}", got "${Buffer.from(value ?? 'nothing')}"`)
}

await client.close()
await server.close()
