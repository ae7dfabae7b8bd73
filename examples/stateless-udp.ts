// One set of stages for all peers and no sessions: each datagram is answered by itself, to its sender.
import { connectUdp, createUdpServer, pipeline, respond } from 'millrace'

const sum = respond((datagram) => {
  const numbers = Buffer.from(datagram).toString().split(' ').map(Number)
  const total = numbers.reduce((a, b) => a + b, 0)
  // Nothing is answered to what is no sum, as a resolver or a time server would.
  return Number.isNaN(total) ? undefined : Buffer.from(String(total))
})

const server = await createUdpServer(pipeline(sum), { stateless: true }).listen({ port: 0 })

for (const question of ['1 2 3', '40 2']) {
  const client = await connectUdp({ port: server.address?.port ?? 0 })
  client.write(Buffer.from('no sum'))
  client.write(Buffer.from(question))
  for await (const answer of client) {
    console.log(`${question.replaceAll(' ', ' + ')} = ${Buffer.from(answer)}`)
    break
  }
  await client.close()
}

console.log(`${server.connections.size} sessions`)
await server.close()
