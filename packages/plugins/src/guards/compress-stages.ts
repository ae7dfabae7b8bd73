import { type AsyncStage, CorruptFrameError, type Emit, FrameTooLongError, type Stage, UnexpectedEndError } from '@millrace/core'
import type { CompressionFormat } from './compression-format.ts'
import { Expansion, type ExpansionBounds } from './expansion.ts'
import type { ZlibPump } from './zlib-pump.ts'

type Bytes = Uint8Array

/** Compresses a stream; each item so that the other side can read all of it, where the compressor flushes. */
export function compressing(open: () => ZlibPump): AsyncStage<Bytes, Bytes> {
  return async function* (source) {
    let pump: ZlibPump | undefined
    for await (const chunk of source) {
      pump ??= open()
      yield* pump.feed(chunk)
    }
    if (pump) yield* pump.finish()
  }
}

/** Decompresses a stream, within bounds. */
export function decompressing(open: () => ZlibPump, bounds: ExpansionBounds): AsyncStage<Bytes, Bytes> {
  return async function* (source) {
    const expansion = new Expansion(bounds)
    let pump: ZlibPump | undefined
    let received = 0
    for await (const chunk of source) {
      pump ??= open()
      received += chunk.length
      expansion.begin(chunk.length)
      yield* bounded(pump.feed(chunk), expansion, received)
      if (pump.overfed) throw new CorruptFrameError('bytes behind the end of what was compressed')
    }
    if (pump) yield* bounded(pump.finish(), expansion, received)
  }
}

async function* bounded(output: AsyncGenerator<Bytes>, expansion: Expansion, received: number): AsyncGenerator<Bytes> {
  try {
    for await (const piece of output) {
      expansion.add(piece.length)
      yield piece
    }
  } catch (error) {
    throw asFrameError(error, received)
  }
}

/** Compresses each datagram by itself. */
export function compressingDatagrams(format: CompressionFormat, level: number | undefined): Stage<Bytes, Bytes> {
  const options = format.levelOptions(level)
  return { borrows: true, push: (bytes, emit: Emit<Bytes>) => emit(format.compress(bytes, options)) }
}

/** Decompresses each datagram by itself, within bounds. */
export function decompressingDatagrams(format: CompressionFormat, bounds: ExpansionBounds): Stage<Bytes, Bytes> {
  return {
    borrows: true,
    push(bytes: Bytes, emit: Emit<Bytes>): void {
      const expansion = new Expansion(bounds)
      expansion.begin(bytes.length)
      // Zero would be no bound to zlib.
      const maxOutputLength = Math.max(1, expansion.allowed)
      emit(decompressed(format, bytes, maxOutputLength))
    },
  }
}

function decompressed(format: CompressionFormat, bytes: Bytes, maxOutputLength: number): Bytes {
  try {
    return format.decompress(bytes, { maxOutputLength })
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw new FrameTooLongError(maxOutputLength, maxOutputLength + 1)
    throw asFrameError(error, bytes.length)
  }
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | null)?.code

/** What zlib throws, as what it means; anything else as it is. */
function asFrameError(error: unknown, received: number): unknown {
  const code = codeOf(error)
  if (typeof code !== 'string') return error
  if (code === 'Z_BUF_ERROR') return new UnexpectedEndError(received)
  const ours = /^(Z_|ERR_|ZSTD_)/.test(code)
  return ours ? new CorruptFrameError('the bytes are not what this compression makes', { cause: error }) : error
}
