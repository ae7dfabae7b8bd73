// A handler in messages instead of bytes. A small codec stands between: a byte in is a reading, a line out an alarm.
import { text } from 'node:stream/consumers'
import { connectTcp, createTcpServer, definePlugin, type Emit, handle, pipeline } from 'millrace'

interface Reading {
  readonly celsius: number
}
interface Alarm {
  readonly above: number
  readonly celsius: number
}

const thermometer = definePlugin({
  name: 'thermometer',
  produces: 'message',
  open: () => ({
    inbound: {
      push: (bytes: Uint8Array, emit: Emit<Reading>) => bytes.forEach((celsius) => emit({ celsius })),
    },
    outbound: {
      push: ({ celsius, above }: Alarm, emit: Emit<Uint8Array>) => emit(Buffer.from(`${celsius} is above ${above}\n`)),
    },
  }),
})

// Given an alarm without `above`, or after a plugin that gives no readings, this would not compile.
const watch = handle<Reading, Alarm>(async (connection) => {
  for await (const { celsius } of connection) if (celsius > 30) connection.write({ celsius, above: 30 })
})

const server = await createTcpServer(pipeline(thermometer(), watch)).listen({ port: 0 })
const client = await connectTcp({ port: server.address?.port })
client.write(Uint8Array.of(21, 35, 28, 31))
await client.closeWrite()
console.log((await text(client)).trimEnd())
await server.close()
