import * as zlib from 'node:zlib'
import { InvalidOptionError } from '@millrace/core'
import type { ZlibStream } from './zlib-pump.ts'

/** The formats, by the names that HTTP and browsers give them. */
export type CompressionName = 'deflate' | 'deflate-raw' | 'gzip' | 'brotli' | 'zstd'

/** What Node's zlib takes, as far as it is used here. */
interface ZlibOptions {
  readonly flush?: number
  readonly level?: number
  readonly params?: Readonly<Record<number, number>>
  readonly maxOutputLength?: number
}

/** One format of compression. */
export interface CompressionFormat {
  /** The levels there are, lowest and highest. */
  readonly levels: readonly [number, number]
  /** What of a compressor's options sets a level; without one, what is chosen here. */
  readonly levelOptions: (level: number | undefined) => ZlibOptions
  /** The flush that makes all that was written readable on the other side. */
  readonly flush: number
  readonly compressor: (options: ZlibOptions) => ZlibStream
  readonly decompressor: () => ZlibStream
  readonly compress: (bytes: Uint8Array, options: ZlibOptions) => Uint8Array
  readonly decompress: (bytes: Uint8Array, options: ZlibOptions) => Uint8Array
}

const { constants } = zlib

const deflateLevels = (level: number | undefined): ZlibOptions => (level === undefined ? {} : { level })
/** Brotli's own default is its slowest, for files that are compressed once. */
const STREAM_QUALITY = 4
const brotliLevels = (level = STREAM_QUALITY): ZlibOptions => ({ params: { [constants.BROTLI_PARAM_QUALITY]: level } })

const deflate = { levels: [0, 9], levelOptions: deflateLevels, flush: constants.Z_SYNC_FLUSH } as const

const FORMATS: Readonly<Record<Exclude<CompressionName, 'zstd'>, CompressionFormat>> = {
  deflate: {
    ...deflate,
    compressor: zlib.createDeflate,
    decompressor: zlib.createInflate,
    compress: zlib.deflateSync,
    decompress: zlib.inflateSync,
  },
  'deflate-raw': {
    ...deflate,
    compressor: zlib.createDeflateRaw,
    decompressor: zlib.createInflateRaw,
    compress: zlib.deflateRawSync,
    decompress: zlib.inflateRawSync,
  },
  gzip: {
    ...deflate,
    compressor: zlib.createGzip,
    decompressor: zlib.createGunzip,
    compress: zlib.gzipSync,
    decompress: zlib.gunzipSync,
  },
  brotli: {
    levels: [0, 11],
    levelOptions: brotliLevels,
    flush: constants.BROTLI_OPERATION_FLUSH,
    compressor: zlib.createBrotliCompress,
    decompressor: zlib.createBrotliDecompress,
    compress: zlib.brotliCompressSync,
    decompress: zlib.brotliDecompressSync,
  },
}

/** Of Node 22.15 and 23.8 on, and to be trusted from 24 on: see {@link tellsTruncation}. */
interface ZstdApi {
  readonly createZstdCompress?: CompressionFormat['compressor']
  readonly createZstdDecompress?: CompressionFormat['decompressor']
  readonly zstdCompressSync?: CompressionFormat['compress']
  readonly zstdDecompressSync?: CompressionFormat['decompress']
  readonly constants: Readonly<Record<string, number>>
}

function zstd(): CompressionFormat | undefined {
  const { createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync, ...rest } = zlib as unknown as ZstdApi
  if (!createZstdCompress || !createZstdDecompress || !zstdCompressSync || !zstdDecompressSync) return undefined
  if (!tellsTruncation(zstdCompressSync, zstdDecompressSync)) return undefined
  const level = rest.constants['ZSTD_c_compressionLevel'] as number
  return {
    levels: [1, 22],
    levelOptions: (value) => (value === undefined ? {} : { params: { [level]: value } }),
    flush: rest.constants['ZSTD_e_flush'] as number,
    compressor: createZstdCompress,
    decompressor: createZstdDecompress,
    compress: zstdCompressSync,
    decompress: zstdDecompressSync,
  }
}

/** Node 22 takes the end of a zstd frame that was cut off for a clean one: what is missing would be missing in silence. */
function tellsTruncation(pack: CompressionFormat['compress'], unpack: CompressionFormat['decompress']): boolean {
  try {
    unpack(pack(Buffer.from('whole'), {}).subarray(0, -1), {})
    return false
  } catch {
    return true
  }
}

/** @throws {@link InvalidOptionError} for one that this Node has not, or not in working order. */
export function compressionFormat(name: CompressionName): CompressionFormat {
  const format = name === 'zstd' ? zstd() : FORMATS[name]
  if (!format) throw new InvalidOptionError('compress.format', 'a format that this Node has (zstd: from 24 on)', name)
  return format
}
