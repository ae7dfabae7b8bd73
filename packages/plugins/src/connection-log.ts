import { isUint8Array } from 'node:util/types'
import {
  type CloseInfo,
  type Direction,
  type Emit,
  formatAddress,
  type LogFields,
  type Logger,
  type PluginContext,
  type SocketAddress,
  type Stage,
  type Stages,
} from '@millrace/core'
import { escapeText } from './byte-format.ts'
import { type PayloadOptions, PayloadWriter } from './payload-writer.ts'

/** The level of every line of one logging plugin. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const NO_LABEL: { readonly label?: string } = {}

/** What a log of one connection needs to know. */
export interface ConnectionLogOptions extends PayloadOptions {
  readonly level: LogLevel
  readonly direction: Direction | 'both'
  readonly label?: string
}

/** What pino and loggers like it can be asked besides, so that nothing is rendered for a line that nobody writes. */
interface LeveledLogger extends Logger {
  readonly isLevelEnabled?: (level: LogLevel) => boolean
}

/** The `code` of an error, or else its class: never its message, which may repeat what the peer sent. */
function errorCode(error: unknown): string {
  const facts = typeof error === 'object' && error !== null ? error : {}
  const { code, name } = facts as { readonly code?: unknown; readonly name?: unknown }
  const text = typeof code === 'string' ? code : typeof name === 'string' ? name : typeof error
  return escapeText(text.slice(0, 100))
}

/** Writes the lines of one connection, in the directions that are wanted. None of its calls throws. */
export class ConnectionLog implements Stages<unknown, unknown, unknown, unknown> {
  readonly inbound?: LoggedDirection
  readonly outbound?: LoggedDirection
  readonly #logger: LeveledLogger
  readonly #options: ConnectionLogOptions
  readonly #context: PluginContext
  readonly #openedAt: number
  readonly #named: { readonly label?: string }
  /** The remote address as text, and of what: a plugin that gates changes it, and in stateless serving the next datagram. */
  #peer = ''
  #peerOf: SocketAddress | undefined
  #failed = false

  constructor(logger: Logger, options: ConnectionLogOptions, context: PluginContext) {
    this.#logger = logger
    this.#options = options
    this.#context = context
    this.#openedAt = context.clock.now()
    const { direction } = options
    if (direction !== 'outbound') this.inbound = new LoggedDirection(this, 'inbound', options)
    if (direction !== 'inbound') this.outbound = new LoggedDirection(this, 'outbound', options)
    this.#named = options.label === undefined ? NO_LABEL : { label: options.label }
  }

  opened(): void {
    this.#guard(() => this.#line({}, 'connection opened'))
  }

  close({ error, initiator }: CloseInfo): void {
    this.#guard(() => {
      const { bytesRead, bytesWritten } = this.#context.connection
      const duration = Math.round(this.#context.clock.now() - this.#openedAt)
      const cause = error?.cause === undefined ? {} : { cause: errorCode(error.cause) }
      const failure = error === undefined ? {} : { error: errorCode(error), ...cause }
      this.#line({ bytesRead, bytesWritten, duration, initiator, ...failure }, 'connection closed')
    })
  }

  /** One item that goes by. */
  item(item: unknown, direction: Direction, offset: number, writer: PayloadWriter | undefined): void {
    this.#guard(() => {
      const { level } = this.#options
      if (this.#logger.isLevelEnabled?.(level) === false) return writer?.missed()
      const { id: connection, remoteAddress: address } = this.#context.connection
      const remoteAddress = this.#textOf(address)
      // Written out, for bytes and for the rest: joined from parts it costs several times as much, and it is made for every item.
      const line = isUint8Array(item)
        ? { plugin: 'logging', ...this.#named, connection, remoteAddress, direction, bytes: item.byteLength, offset }
        : { plugin: 'logging', ...this.#named, connection, remoteAddress, direction }
      this.#logger[level](writer ? Object.assign(line, payloadOf(item, offset, writer)) : line, direction)
    })
  }

  #line(facts: LogFields, message: string): void {
    const { id, remoteAddress } = this.#context.connection
    const common = { plugin: 'logging', ...this.#named, connection: id, remoteAddress: this.#textOf(remoteAddress) }
    this.#logger[this.#options.level]({ ...common, ...facts }, message)
  }

  #textOf(remoteAddress: SocketAddress): string {
    if (remoteAddress !== this.#peerOf) {
      // The path of a Unix socket may hold anything.
      this.#peer = escapeText(formatAddress(remoteAddress))
      this.#peerOf = remoteAddress
    }
    return this.#peer
  }

  /** A logger that fails costs its lines and not the connection; the server hears of it once for each connection. */
  #guard(write: () => void): void {
    try {
      write()
    } catch (error) {
      if (this.#failed) return
      this.#failed = true
      this.#context.event({ type: 'logging-failed', error })
    }
  }
}

function payloadOf(item: unknown, offset: number, writer: PayloadWriter): LogFields {
  try {
    return { ...writer.write(item, offset) }
  } catch (error) {
    // Half redacted is not redacted: the line says that the payload was withheld, and why.
    writer.missed()
    return { withheld: errorCode(error) }
  }
}

/** One direction: writes a line for each item, then passes on the item itself. */
export class LoggedDirection implements Stage<unknown, unknown> {
  readonly #log: ConnectionLog
  readonly #direction: Direction
  /** Where payload is shown at all. */
  readonly #writer: PayloadWriter | undefined
  /** Of the next item's first byte, in the bytes that went by here; on a datagram connection, in its datagram. */
  #offset = 0

  constructor(log: ConnectionLog, direction: Direction, options: PayloadOptions) {
    this.#log = log
    this.#direction = direction
    if (options.format !== 'summary') this.#writer = new PayloadWriter(options, direction)
  }

  /** A function that redacts is given a copy. */
  get borrows(): true {
    return true
  }

  push(item: unknown, emit: Emit<unknown>): void {
    this.#log.item(item, this.#direction, this.#offset, this.#writer)
    if (isUint8Array(item)) this.#offset += item.byteLength
    emit(item)
  }

  endOfDatagram(): void {
    this.reset()
  }

  reset(): void {
    this.#offset = 0
    this.#writer?.reset()
  }
}
