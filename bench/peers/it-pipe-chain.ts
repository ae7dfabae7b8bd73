import { createServer, type Socket } from 'node:net'
import { pipe } from 'it-pipe'
import { discardingLogger } from './discarding-logger.ts'
import { duplexOf } from './it-pipe-duplex.ts'
import { listenNet } from './listen-net.ts'
import type { Peer } from './peer.ts'

const CHUNK_BYTES = 64

type Transform = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** The fields of Millrace's log line, each put together once for a connection where it can be. */
function logging(connection: string, remoteAddress: string, direction: string): Transform {
  return async function* log(source) {
    let offset = 0
    for await (const chunk of source) {
      const bytes = chunk.byteLength
      discardingLogger.info({ plugin: 'logging', connection, remoteAddress, direction, bytes, offset }, direction)
      offset += bytes
      yield chunk
    }
  }
}

async function* chunker(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength; at += CHUNK_BYTES) yield chunk.subarray(at, at + CHUNK_BYTES)
  }
}

/** ASCII alone; Millrace's also tells whether it is ASCII, and keeps characters together where it is not. */
async function* uppercaser(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    const upper = new Uint8Array(chunk.byteLength)
    for (let i = 0; i < chunk.byteLength; i++) {
      const byte = chunk[i] as number
      upper[i] = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
    }
    yield upper
  }
}

let connections = 0

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  const id = `tcp-${++connections}`
  const remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`
  const duplex = duplexOf(socket)
  const inbound = logging(id, remoteAddress, 'inbound')
  const outbound = logging(id, remoteAddress, 'outbound')
  pipe(duplex, inbound, chunker, uppercaser, outbound, duplex).catch(() => socket.destroy())
}

/**
 * The four plugins as async generators: what logging, chunker, uppercaser and echo do, as users of it-pipe write it.
 */
export const itPipeChain: Peer = {
  about: 'log, chunk to 64 B, upper-case, log as four async generators under it-pipe, with stream-to-it',
  listen() {
    return listenNet(createServer({ allowHalfOpen: true, noDelay: true }, serve))
  },
}
