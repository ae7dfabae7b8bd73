import * as millrace from 'millrace'
import type { Peer } from './peer.ts'
import { socketPipe } from './socket-pipe.ts'

/**
 * The same echo in a process that has loaded as much as a Millrace server has. What Node's 64 KiB read buffers cost
 * depends on what else is on the heap: beside the bare one this tells how much of a difference that is, and how much is
 * ours.
 */
export const socketPipeLoaded: Peer = {
  about: '`socket.pipe(socket)`, with the package `millrace` loaded and not used',
  listen() {
    if (Object.keys(millrace).length === 0) throw new Error('the package millrace is empty')
    return socketPipe.listen()
  },
}
