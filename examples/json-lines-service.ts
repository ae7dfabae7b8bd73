// A service in JSON lines: its messages are typed and checked by a schema, and a bad one ends its connection alone.
import * as m from 'millrace'
import { z } from 'zod'

const question = z.object({ id: z.number(), add: z.array(z.number()).max(100) })
const answer = z.object({ id: z.number(), sum: z.number() })

const service = m.pipeline(
  m.jsonLines({ schema: question, outboundSchema: answer, maxLength: 4096 }),
  m.respond(({ id, add }) => ({ id, sum: add.reduce((a, b) => a + b, 0) })),
)

const server = m.createTcpServer(service)
server.events$.subscribe((event) => {
  if (event.type !== 'connection-closed' || !(event.error?.cause instanceof m.InvalidMessageError)) return
  const { offset, issues } = event.error.cause
  console.log(`the line at byte ${offset} is bad: ${issues.map(({ message }) => message).join()}`)
})
await server.listen({ port: 0 })

const client = await m.connectTcp({ port: server.address?.port }, m.pipeline(m.jsonLines({ schema: answer })))
client.write({ id: 1, add: [1, 2, 3] })
client.write({ id: 2, add: [40, 2] })
for await (const { id, sum } of client) {
  console.log(`answer ${id} is ${sum}`)
  if (id === 2) client.write({ id: 3, add: ['forty', 2] })
}
await client.close()
await server.close()
