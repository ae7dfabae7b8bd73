// One pipeline serves TCP and UDP: a stream joins the pieces it answers with, over UDP each is a datagram of its own.
import { chunker, connectTcp, connectUdp, createTcpServer, createUdpServer, echo, pipeline, uppercaser } from 'millrace'

const shout = pipeline(chunker({ size: 8 }), uppercaser(), echo())
const tcp = await createTcpServer(shout).listen({ port: 0 })
const udp = await createUdpServer(shout).listen({ port: 0 })

const stream = await connectTcp({ port: tcp.address?.port })
stream.write(Buffer.from('the same wheels turn'))
await stream.closeWrite()
let answer = ''
for await (const chunk of stream) answer += Buffer.from(chunk)
console.log(`tcp: "${answer}"`)

const session = await connectUdp({ port: udp.address?.port ?? 0 })
session.write(Buffer.from('the same wheels turn'))
let missing = 'the same wheels turn'.length
for await (const datagram of session) {
  console.log(`udp: "${Buffer.from(datagram)}"`)
  missing -= datagram.byteLength
  if (missing === 0) break
}

await session.close()
await Promise.all([tcp.close(), udp.close()])
