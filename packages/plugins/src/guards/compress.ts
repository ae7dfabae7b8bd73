import {
  type ConfiguredPlugin,
  inject,
  injectable,
  InvalidOptionError,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stages,
  use,
} from '@millrace/core'
import { compressing, compressingDatagrams, decompressing, decompressingDatagrams } from './compress-stages.ts'
import { type CompressionFormat, compressionFormat, type CompressionName } from './compression-format.ts'
import { ZlibPump } from './zlib-pump.ts'

/** Options of {@link compress}. */
export interface CompressOptions {
  /**
   * The format, the same on both sides. `zstd` needs Node 24 or later: before, a cut-off frame passes for a whole one.
   *
   * @defaultValue 'deflate'
   */
  readonly format?: CompressionName
  /**
   * How hard to compress: 0 to 9, with `brotli` 0 to 11, with `zstd` 1 to 22. Default Node's own, with `brotli` 4.
   */
  readonly level?: number
  /**
   * Whether each item that is written can be read on the other side at once; else the compressor gathers as much as it
   * likes, which makes less of bulk, and keeps answers back.
   *
   * @defaultValue true
   */
  readonly flush?: boolean
  /**
   * How many bytes may come of each byte that arrives, on average: 1 to 100,000. 64 KiB always may.
   *
   * @defaultValue 100
   */
  readonly maxRatio?: number
  /**
   * What one chunk of up to 64 KiB, or one datagram, may expand to, in bytes: 1 to 1,073,741,824.
   *
   * @defaultValue 16_777_216
   */
  readonly maxOutput?: number
}

type Resolved = Required<Omit<CompressOptions, 'level'>> & Pick<CompressOptions, 'level'>

/** The type of {@link compress}. */
export interface CompressFactory {
  (options?: CompressOptions): ConfiguredPlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array, 'bytes'>
  readonly description: PluginDescription
}

/** The plugin behind {@link compress}. */
@injectable()
export class Compress implements Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  static readonly description: PluginDescription & { readonly produces: 'bytes' } = {
    name: 'compress',
    help: 'decompresses what arrives, within bounds, and compresses what is sent',
    options: {
      format: {
        type: 'string',
        values: ['deflate', 'deflate-raw', 'gzip', 'brotli', 'zstd'],
        default: 'deflate',
        help: 'the same on both sides; zstd from Node 24 on',
      },
      level: { type: 'integer', range: [0, 22], help: 'how hard to compress: 0 to 9, brotli to 11, zstd 1 to 22' },
      flush: { type: 'boolean', default: true, help: 'what is written can be read on the other side at once' },
      maxRatio: {
        type: 'number',
        unit: 'bytes out to bytes in',
        range: [1, 100_000],
        default: 100,
        help: 'how far what arrives may expand, on average',
      },
      maxOutput: {
        type: 'integer',
        unit: 'bytes',
        range: [1, 1_073_741_824],
        default: 16_777_216,
        help: 'what one chunk or datagram may expand to',
      },
    },
    primary: 'format',
    accepts: 'bytes',
    produces: 'bytes',
  }

  readonly name = 'compress'
  readonly perDatagram = true
  readonly #options: Resolved
  readonly #format: CompressionFormat

  constructor(@inject(PLUGIN_OPTIONS) options: Resolved) {
    this.#options = options
    this.#format = compressionFormat(options.format)
    const { level } = options
    const [low, high] = this.#format.levels
    if (level !== undefined && (level < low || level > high)) {
      throw new InvalidOptionError('compress.level', `from ${low} to ${high} with ${options.format}`, level)
    }
  }

  open({ connection }: PluginContext): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
    const { level, flush } = this.#options
    const format = this.#format
    if (connection.datagram) {
      return { inbound: decompressingDatagrams(format, this.#options), outbound: compressingDatagrams(format, level) }
    }
    const pumps: ZlibPump[] = []
    const opened = (pump: ZlibPump): ZlibPump => {
      pumps.push(pump)
      return pump
    }
    const settings = { ...format.levelOptions(level), ...(flush && { flush: format.flush }) }
    return {
      inbound: decompressing(() => opened(new ZlibPump(format.decompressor())), this.#options),
      outbound: compressing(() => opened(new ZlibPump(format.compressor(settings)))),
      close: () => {
        for (const pump of pumps) pump.destroy()
      },
    }
  }
}

/**
 * Compresses what is sent and decompresses what arrives, by Node's zlib. Both sides have to: a peer of another kind is a
 * {@link CorruptFrameError}. What it gives is bytes, so it stands before a framer.
 *
 * A **stream** is one compressed stream in each direction, begun with its first byte and finished when the direction
 * ends. Each item that is written is flushed, so that the other side can read it at once, unless `flush` is off. The work
 * is done in Node's thread pool, as an AsyncStage, and in steps: what a chunk expands to never piles up, and while the
 * peer is behind nothing more is expanded. Each **datagram** is compressed by itself, at once.
 *
 * Against bombs, what arrives may expand to `maxRatio` times its bytes, and one chunk or datagram to `maxOutput`:
 * beyond is a {@link FrameTooLongError}. A stream that ends before it was finished is an {@link UnexpectedEndError}, bytes
 * behind its end are a {@link CorruptFrameError}. These end a stream and cost a datagram.
 *
 * A direction of a stream that is in use holds some 40 KiB to inflate and some 270 KiB to deflate, beside its buffers.
 * Compress no secrets together with what a peer can choose (the attack called CRIME).
 *
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range, a `level` that the
 * format has not, and `zstd` where Node has none.
 *
 * @example
 * createTcpServer(pipeline(compress({ format: 'gzip' }), lines(), echo()))
 *
 * @see https://nodejs.org/api/zlib.html
 */
export const compress: CompressFactory = Object.assign(create, { description: Compress.description })

function create(options?: CompressOptions): ReturnType<CompressFactory> {
  const configured = use(Compress, options)
  // What this Node has not is known at once.
  new Compress(configured.options as unknown as Resolved)
  return configured
}
