// Echo with Bun's own UDP sockets.
import { announce } from './announce.mjs'

const socket = await Bun.udpSocket({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    data(self, data, port, address) {
      self.send(data, port, address)
    },
  },
})
announce(socket.port)
