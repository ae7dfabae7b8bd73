// One codec on a stream and on datagrams: a line that is too long ends a stream, and costs a datagram its rest.
import { text } from 'node:stream/consumers'
import { connectTcp, connectUdp, createTcpServer, createUdpServer, echo, lines, pipeline, uppercaser } from 'millrace'

const shout = pipeline(lines({ maxLength: 8 }), uppercaser(), echo())
const tcp = await createTcpServer(shout).listen({ port: 0 })
const udp = await createUdpServer(shout).listen({ port: 0 })
tcp.events$.subscribe((event) => {
  if (event.type === 'connection-closed' && event.error) console.log(`tcp: ${String(event.error.cause)}`)
})
udp.events$.subscribe((event) => {
  if (event.type === 'frame-dropped') console.log(`udp: ${String(event.error)}`)
})

const stream = await connectTcp({ port: tcp.address?.port })
stream.write(Buffer.from('a li'))
stream.write(Buffer.from('ne\nfar too long\nlost\n'))
console.log(`tcp: got ${JSON.stringify(await text(stream))}`)
await stream.close()
await tcp.close()

const session = await connectUdp({ port: udp.address?.port ?? 0 })
for (const datagram of ['one\ntwo', 'far too long\nlost', 'three']) session.write(Buffer.from(datagram))
const answers: string[] = []
for await (const answer of session) if (answers.push(String(Buffer.from(answer))) === 3) break
console.log(`udp: got ${JSON.stringify(answers)}`)

await session.close()
await udp.close()
