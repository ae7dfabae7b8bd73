import { isUint8Array } from 'node:util/types'
import {
  type CloseInfo,
  type Direction,
  type Emit,
  formatAddress,
  type LogFields,
  type Logger,
  type PluginContext,
  type Stage,
} from '@millrace/core'
import { escapeText } from './byte-format.ts'
import { type PayloadOptions, PayloadWriter } from './payload-writer.ts'

/** The level of every line of one logging plugin. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What a log of one connection needs to know. */
export interface ConnectionLogOptions extends PayloadOptions {
  readonly level: LogLevel
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

/** Writes the lines of one connection. None of its calls throws. */
export class ConnectionLog {
  readonly #logger: LeveledLogger
  readonly #options: ConnectionLogOptions
  readonly #context: PluginContext
  readonly #openedAt: number
  #failed = false

  constructor(logger: Logger, options: ConnectionLogOptions, context: PluginContext) {
    this.#logger = logger
    this.#options = options
    this.#context = context
    this.#openedAt = context.clock.now()
  }

  opened(): void {
    this.#guard(() => this.#line({}, 'connection opened'))
  }

  closed({ error, initiator }: CloseInfo): void {
    this.#guard(() => {
      const { bytesRead, bytesWritten } = this.#context.connection
      const duration = Math.round(this.#context.clock.now() - this.#openedAt)
      const cause = error?.cause === undefined ? {} : { cause: errorCode(error.cause) }
      const failure = error === undefined ? {} : { error: errorCode(error), ...cause }
      this.#line({ bytesRead, bytesWritten, duration, initiator, ...failure }, 'connection closed')
    })
  }

  /** One item that goes by. */
  item(item: unknown, direction: Direction, offset: number, writer: PayloadWriter): void {
    this.#guard(() => {
      if (this.#logger.isLevelEnabled?.(this.#options.level) === false) return writer.missed()
      const size = isUint8Array(item) ? { bytes: item.byteLength, offset } : {}
      this.#line({ direction, ...size, ...payloadOf(item, offset, writer) }, direction)
    })
  }

  #line(facts: LogFields, message: string): void {
    const { label, level } = this.#options
    const { id, remoteAddress } = this.#context.connection
    const named = label === undefined ? {} : { label }
    // The path of a Unix socket may hold anything.
    const peer = escapeText(formatAddress(remoteAddress))
    this.#logger[level]({ plugin: 'logging', ...named, connection: id, remoteAddress: peer, ...facts }, message)
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
  readonly #writer: PayloadWriter
  /** Of the next item's first byte, in the bytes that went by here; on a datagram connection, in its datagram. */
  #offset = 0

  constructor(log: ConnectionLog, direction: Direction, options: PayloadOptions) {
    this.#log = log
    this.#direction = direction
    this.#writer = new PayloadWriter(options, direction)
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
    this.#writer.reset()
  }
}
