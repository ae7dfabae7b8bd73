// A codec of your own: two bytes of length before each frame. It has a limit, and knows an end inside a frame.
import * as m from 'millrace'

const framed = m.definePlugin({
  name: 'framed',
  options: { limit: { type: 'integer', unit: 'bytes', range: [0, 65_535], default: 1024, help: 'the longest frame' } },
  produces: 'frame',
  open(_context, { limit }) {
    let rest = Buffer.alloc(0)
    const within = (length: number): number => {
      if (length > limit) throw new m.FrameTooLongError(limit, length)
      return length
    }
    const push = (chunk: Uint8Array, emit: m.Emit<m.Frame>): void => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 2 && rest.length >= 2 + within(rest.readUInt16BE())) {
        const end = 2 + rest.readUInt16BE()
        emit(m.asFrame(rest.subarray(2, end)))
        rest = rest.subarray(end)
      }
    }
    // Of the stream, or of a datagram: then only that datagram is dropped, and `reset` forgets what there was of it.
    const end = (): void => {
      if (rest.length > 0) throw new m.UnexpectedEndError(rest.length)
    }
    const encode = (frame: Uint8Array, emit: m.Emit<Uint8Array>): void =>
      emit(Buffer.concat([Uint8Array.of(within(frame.length) >> 8, frame.length & 255), frame]))
    const reset = (): void => void (rest = Buffer.alloc(0))
    return { inbound: { push, end, endOfDatagram: end, reset }, outbound: { push: encode } }
  },
})

const server = m.createTcpServer(m.pipeline(framed({ limit: 16 }), m.echo()))
server.events$.subscribe((event) => event.type === 'connection-closed' && console.log(String(event.error?.cause)))
await server.listen({ port: 0 })
const client = await m.connectTcp({ port: server.address?.port }, m.pipeline(framed()))
for (const frame of ['whole', '', 'frames', 'and one that is too long']) client.write(Buffer.from(frame))
for await (const frame of client) console.log(`a frame of ${frame.length}: "${Buffer.from(frame)}"`)
await client.close()
await server.close()
