import {
  CLOCK,
  type Clock,
  type ConfiguredPlugin,
  type Direction,
  type Emit,
  inject,
  injectable,
  InvalidOptionError,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stage,
  type Stages,
  use,
} from '@millrace/core'
import { CaptureFile, type CaptureLoss, type CaptureOptions } from './capture-file.ts'
import { datagramPacket, packetEnds, TcpFlow } from './captured-flow.ts'

/** Options of {@link pcap}. */
export interface PcapOptions {
  /** The file, which is written anew. Older ones are `path.1`, `path.2` and so on. */
  readonly path: string
  /**
   * How large one file grows, in bytes: 131,072 to 1,099,511,627,776.
   *
   * @defaultValue 67_108_864
   */
  readonly maxBytes?: number
  /**
   * How many files are kept: 1 to 1,000. With one, the capture ends when it is full.
   *
   * @defaultValue 1
   */
  readonly files?: number
  /**
   * How much of each packet is kept, its headers included, in bytes: 64 to 65,535.
   *
   * @defaultValue 65_535
   */
  readonly maxPacket?: number
  /**
   * Which side of its connections this is: it says who is drawn as the one who has connected.
   *
   * @defaultValue 'server'
   */
  readonly side?: 'server' | 'client'
}

type Resolved = CaptureOptions & { readonly side: 'server' | 'client' }

/** What {@link pcap} reports as a `plugin-event`, once for each reason, when packets are missing from the capture. */
export interface PcapIncomplete {
  readonly type: 'pcap-incomplete'
  /** The disk was slow; the file was full; it could not be written (`error`). */
  readonly reason: CaptureLoss
  readonly error?: unknown
}

/** The type of {@link pcap}. */
export interface PcapFactory {
  (options?: PcapOptions): ConfiguredPlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array, 'same'>
  readonly description: PluginDescription
}

/** The plugin behind {@link pcap}. */
@injectable()
export class Pcap implements Plugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'pcap',
    help: 'captures what goes by in a file for Wireshark',
    options: {
      path: { type: 'string', help: 'the file, which is written anew' },
      maxBytes: {
        type: 'integer',
        unit: 'bytes',
        range: [131_072, 2 ** 40],
        default: 67_108_864,
        help: 'how large one file grows',
      },
      files: {
        type: 'integer',
        unit: 'files',
        range: [1, 1_000],
        default: 1,
        help: 'how many are kept; with one, the capture ends when it is full',
      },
      maxPacket: {
        type: 'integer',
        unit: 'bytes',
        range: [64, 65_535],
        default: 65_535,
        help: 'how much of each packet is kept',
      },
      side: { type: 'string', values: ['server', 'client'], default: 'server', help: 'which side of connections this is' },
    },
    primary: 'path',
    accepts: 'bytes',
    produces: 'same',
  }

  readonly name = 'pcap'
  readonly perDatagram = true
  readonly #caller: Direction
  readonly #clock: Clock
  /** What the clock has to be added to, to give ms since 1970. */
  readonly #epoch: number
  readonly #file: CaptureFile
  readonly #reported: Set<CaptureLoss> = new Set()
  #report: PluginContext['event'] | undefined
  #connections = 0

  constructor(@inject(PLUGIN_OPTIONS) options: Resolved, @inject(CLOCK) clock: Clock) {
    this.#caller = options.side === 'server' ? 'inbound' : 'outbound'
    this.#clock = clock
    this.#epoch = Date.now() - clock.now()
    this.#file = new CaptureFile(options, (reason, error) => this.#tell(reason, error))
  }

  open(context: PluginContext): Stages<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
    const { connection, event } = context
    this.#report = event
    const ordinal = this.#connections++
    const record = (packet: Uint8Array): void => this.#file.add(packet, this.#epoch + this.#clock.now())
    if (connection.datagram) {
      // Looked up anew: in stateless serving each datagram has its own sender.
      return capturing((direction, bytes) => record(datagramPacket(packetEnds(connection, ordinal), direction, bytes)))
    }
    const flow = new TcpFlow(packetEnds(connection, ordinal), record)
    flow.open(this.#caller)
    return { ...capturing((direction, bytes) => flow.data(direction, bytes)), close: (info) => flow.close(info) }
  }

  async dispose(): Promise<void> {
    await this.#file.close()
  }

  #tell(reason: CaptureLoss, error: unknown): void {
    if (this.#reported.has(reason)) return
    this.#reported.add(reason)
    const event: PcapIncomplete = { type: 'pcap-incomplete', reason, ...(error !== undefined && { error }) }
    this.#report?.(event)
  }
}

type Bytes = Stage<Uint8Array, Uint8Array>

/** Stages that pass on what they get, and record it first. */
function capturing(record: (direction: Direction, bytes: Uint8Array) => void): { inbound: Bytes; outbound: Bytes } {
  const stage = (direction: Direction): Bytes => ({
    borrows: true,
    push(bytes: Uint8Array, emit: Emit<Uint8Array>): void {
      record(direction, bytes)
      emit(bytes)
    },
  })
  return { inbound: stage('inbound'), outbound: stage('outbound') }
}

/**
 * Captures what goes by in a pcap file that Wireshark and tshark open. Put it where the bytes are that you want to see:
 * behind TLS it has the plaintext.
 *
 * The bytes and their times are real, the packets around them made up: IP headers with the connection's addresses
 * (`127.0.0.1` for Unix sockets), for a stream a TCP handshake, segments in order and an end (a FIN, or a RST where it
 * failed), for datagrams UDP; with right checksums. The file is written behind the connections, which never wait for it:
 * up to 4 MiB wait, further packets are left out. What is missing, because the disk is slow, the file full or not to be
 * written, is reported as a `plugin-event` (`pcap-incomplete`) once for each reason. The file is for its owner only
 * (mode 600): it holds whatever peers send. It is complete when the server has closed.
 *
 * @throws {@link InvalidOptionError} without `path`, and for an option that is unknown, of another type or out of range.
 *
 * @example
 * createTcpServer(pipeline(pcap({ path: '/tmp/echo.pcap', files: 5 }), echo()))
 */
export const pcap: PcapFactory = Object.assign(create, { description: Pcap.description })

function create(options?: PcapOptions): ReturnType<PcapFactory> {
  const configured = use(Pcap, options)
  const { path } = configured.options
  if (path === undefined || path === '') throw new InvalidOptionError('pcap.path', 'the path of a file', path)
  return configured
}
