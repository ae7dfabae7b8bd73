// Echo with Bun's own sockets: what `write` does not take waits until `drain`.
import { announce } from './announce.mjs'

function flush(socket) {
  const { waiting } = socket.data
  while (waiting.length > 0) {
    const [first] = waiting
    const taken = socket.write(first)
    if (taken < first.byteLength) {
      waiting[0] = first.subarray(Math.max(0, taken))
      return
    }
    waiting.shift()
  }
  if (socket.data.ended) socket.end()
  else socket.resume()
}

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  allowHalfOpen: true,
  socket: {
    open(socket) {
      socket.data = { waiting: [], ended: false }
    },
    data(socket, chunk) {
      const { waiting } = socket.data
      const taken = waiting.length > 0 ? 0 : socket.write(chunk)
      if (taken === chunk.byteLength) return
      // A copy: the bytes that Bun hands out are its own once this returns.
      waiting.push(Buffer.from(chunk.subarray(Math.max(0, taken))))
      socket.pause()
    },
    drain: flush,
    end(socket) {
      socket.data.ended = true
      if (socket.data.waiting.length === 0) socket.end()
    },
    error() {},
  },
})
announce(server.port)
