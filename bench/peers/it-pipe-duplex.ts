import type { Socket } from 'node:net'
import { sink } from 'stream-to-it'

/** A socket as it-pipe takes it. */
export interface SocketDuplex {
  readonly source: AsyncIterable<Uint8Array>
  readonly sink: (source: AsyncIterable<Uint8Array>) => Promise<void>
}

/**
 * A socket that allows half-open connections as a duplex. stream-to-it's `source` gives the socket itself, whose
 * iterator destroys it at the end of its input, before the last reply is out: this is that iterator told to leave it,
 * and the sink ends it.
 */
export function duplexOf(socket: Socket): SocketDuplex {
  const source = socket.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>
  return { source, sink: sink<Uint8Array>(socket) }
}
