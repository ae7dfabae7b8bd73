import {
  CorruptFrameError,
  type Emit,
  formatAddress,
  FrameTimeoutError,
  type PluginContext,
  type Stage,
  type Timer,
  UnexpectedEndError,
} from '@millrace/core'
import { PROXY_HEADER, type ProxyHeader } from './proxy-header.ts'
import { ProxyReader, type ProxyReaderOptions } from './proxy-reader.ts'

/** Lets the later plugins open, with what the header says. */
function proceedWith(header: ProxyHeader, context: PluginContext): void {
  const { source, destination } = header
  context.attributes.set(PROXY_HEADER, header)
  context.proceed({ ...(source && { remoteAddress: source }), ...(destination && { localAddress: destination }) })
}

/** Takes the header off the beginning of a stream. */
export class StreamHeader implements Stage<Uint8Array, Uint8Array> {
  readonly borrows = true
  readonly #context: PluginContext
  #reader: ProxyReader | undefined
  readonly #timer: Timer

  /** @param timeout - in ms, for the whole header. */
  constructor(context: PluginContext, options: ProxyReaderOptions, timeout: number) {
    this.#context = context
    this.#reader = new ProxyReader(options)
    this.#timer = context.clock.schedule(() => context.fail(new FrameTimeoutError(timeout)), timeout)
  }

  push(chunk: Uint8Array, emit: Emit<Uint8Array>): void {
    const reader = this.#reader
    if (reader === undefined) return emit(chunk)
    const used = reader.read(chunk)
    if (!reader.header) return
    this.#timer.cancel()
    this.#reader = undefined
    proceedWith(reader.header, this.#context)
    if (used < chunk.length) emit(chunk.subarray(used))
  }

  /** A peer that only looked whether somebody is there is no error. */
  end(): void {
    const received = this.#reader?.received ?? 0
    if (received > 0) throw new UnexpectedEndError(received)
  }
}

/** Takes the header off the head of each datagram. */
export class DatagramHeader implements Stage<Uint8Array, Uint8Array> {
  readonly borrows = true
  readonly #context: PluginContext
  readonly #options: ProxyReaderOptions
  #reader: ProxyReader | undefined
  /** The client of this session. */
  #client: string | undefined

  constructor(context: PluginContext, options: ProxyReaderOptions) {
    this.#context = context
    this.#options = options
  }

  push(chunk: Uint8Array, emit: Emit<Uint8Array>): void {
    const reader = (this.#reader ??= new ProxyReader(this.#options))
    if (reader.header) return emit(chunk)
    const used = reader.read(chunk)
    if (!reader.header) return
    this.#identify(reader.header)
    emit(chunk.subarray(used))
  }

  endOfDatagram(): void {
    if (!this.#reader?.header) throw new UnexpectedEndError(this.#reader?.received ?? 0)
    this.#reader = undefined
  }

  reset(): void {
    this.#reader = undefined
  }

  #identify(header: ProxyHeader): void {
    const client = header.source ? formatAddress(header.source) : ''
    this.#client ??= client
    if (this.#client !== client) throw new CorruptFrameError('a PROXY header of another client than the first of its session')
    // Idempotent.
    proceedWith(header, this.#context)
  }
}
