// A client that connects again whenever its connection has gone, with a growing, random wait in between.
import { createTcpServer, handle, pipeline, reconnectTcp } from 'millrace'

let served = 0
const moody = handle(async (connection) => {
  for await (const question of connection) {
    if (++served === 2) throw new Error('out of sorts')
    connection.write(Buffer.concat([question, Buffer.from(` to you, caller ${served}`)]))
    return
  }
})
const server = await createTcpServer(pipeline(moody)).listen({ port: 0 })

const connections = reconnectTcp({ port: server.address?.port, initialDelay: 10, maxDelay: 100, maxAttempts: 5 })
for await (const connection of connections) {
  connection.write(Buffer.from('hello'))
  try {
    for await (const answer of connection) console.log(`got "${Buffer.from(answer)}"`)
  } catch (error) {
    console.log(`broken: ${(error as Error).name}`)
  }
  if (served === 3) break
  await connection.close()
}

await server.close()
