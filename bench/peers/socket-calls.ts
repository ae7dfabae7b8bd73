import { createServer } from 'node:net'
import { answer, CallReader } from './calls.ts'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

/** Calls of NestJS's wire format, by hand on `node:net`: what the format itself costs. */
export const socketCalls: Peer = {
  about: "NestJS's wire format read and answered in the `data` event",
  listen() {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const reader = new CallReader()
      socket.on('error', () => socket.destroy())
      socket.on('data', (chunk) => {
        for (const call of reader.read(chunk)) if (!socket.write(answer(call))) socket.pause()
      })
      socket.on('drain', () => socket.resume())
      socket.on('end', () => socket.end())
    })
    return listenNet(server)
  },
}
