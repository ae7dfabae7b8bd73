import { discardingLogger } from './discarding-logger.ts'

/** What logging, chunker and uppercaser do, as async generators: as users of it-pipe write it. */
type Transform = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** The fields of Millrace's log line, each put together once for a connection where it can be. */
export function logger(connection: string, remoteAddress: string, direction: string): Transform {
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

/** Pieces of at most 64 B. */
export async function* chunk64(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength; at += 64) yield chunk.subarray(at, at + 64)
  }
}

/** ASCII alone; Millrace's also tells whether it is ASCII, and keeps characters together where it is not. */
export async function* upperCase(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    const upper = new Uint8Array(chunk.byteLength)
    for (let i = 0; i < chunk.byteLength; i++) {
      const byte = chunk[i] as number
      upper[i] = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
    }
    yield upper
  }
}
