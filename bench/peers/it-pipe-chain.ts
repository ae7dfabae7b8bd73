import { createServer, type Socket } from 'node:net'
import { pipe } from 'it-pipe'
import { chunk64, logger, upperCase } from './generators.ts'
import { duplexOf } from './it-pipe-duplex.ts'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

let connections = 0

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  const id = `tcp-${++connections}`
  const remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`
  const duplex = duplexOf(socket)
  const inbound = logger(id, remoteAddress, 'inbound')
  const outbound = logger(id, remoteAddress, 'outbound')
  pipe(duplex, inbound, chunk64, upperCase, outbound, duplex).catch(() => socket.destroy())
}

/** The four plugins as async generators. */
export const itPipeChain: Peer = {
  about: 'log, chunk to 64 B, upper-case, log as four async generators under it-pipe, with stream-to-it',
  listen() {
    return listenNet(createServer({ allowHalfOpen: true, noDelay: true }, serve))
  },
}
