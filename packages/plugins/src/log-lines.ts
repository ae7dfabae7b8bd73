import { isUint8Array } from 'node:util/types'
import { type ConnectionInfo, type Direction, formatAddress, type LogFields, type Logger, type SocketAddress } from '@millrace/core'
import { escapeText } from './byte-format.ts'
import type { PayloadWriter } from './payload-writer.ts'

/** The level of every line of one logging plugin. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What every line of one logging plugin has in common. */
export interface LineOptions {
  readonly level: LogLevel
  readonly label?: string
}

/** What pino and loggers like it can be asked besides, so that nothing is rendered for a line that nobody writes. */
interface LeveledLogger extends Logger {
  readonly isLevelEnabled?: (level: LogLevel) => boolean
}

/** The `code` of an error, or else its class: never its message, which may repeat what the peer sent. */
export function errorCode(error: unknown): string {
  const facts = typeof error === 'object' && error !== null ? error : {}
  const { code, name } = facts as { readonly code?: unknown; readonly name?: unknown }
  const text = typeof code === 'string' ? code : typeof name === 'string' ? name : typeof error
  return escapeText(text.slice(0, 100))
}

/** The lines of one logging plugin, for all its connections. Its calls throw what the logger throws. */
export class LogLines {
  readonly #logger: LeveledLogger
  readonly #level: LogLevel
  readonly #named: { readonly label?: string }
  /** The last remote address as text, and of what: one connection's lines often follow each other, and no other keeps a text. */
  #peer = ''
  #peerOf: SocketAddress | undefined

  constructor(logger: Logger, { level, label }: LineOptions) {
    this.#logger = logger
    this.#level = level
    this.#named = label === undefined ? {} : { label }
  }

  /** A line about a connection as a whole. */
  line({ id, remoteAddress }: ConnectionInfo, facts: LogFields, message: string): void {
    const common = { plugin: 'logging', ...this.#named, connection: id, remoteAddress: this.#textOf(remoteAddress) }
    this.#logger[this.#level]({ ...common, ...facts }, message)
  }

  /**
   * A line about one item that goes by.
   *
   * @param writer - where payload is shown at all.
   */
  item(info: ConnectionInfo, item: unknown, direction: Direction, offset: number, writer: PayloadWriter | undefined): void {
    if (this.#logger.isLevelEnabled?.(this.#level) === false) return writer?.missed()
    const { id: connection } = info
    const remoteAddress = this.#textOf(info.remoteAddress)
    // Written out, for bytes and for the rest: joined from parts it costs several times as much, and it is made for every item.
    const line = isUint8Array(item)
      ? { plugin: 'logging', ...this.#named, connection, remoteAddress, direction, bytes: item.length, offset }
      : { plugin: 'logging', ...this.#named, connection, remoteAddress, direction }
    this.#logger[this.#level](writer ? Object.assign(line, payloadOf(item, offset, writer)) : line, direction)
  }

  #textOf(remoteAddress: SocketAddress): string {
    if (remoteAddress !== this.#peerOf) {
      // The path of a Unix socket may hold anything.
      this.#peer = escapeText(formatAddress(remoteAddress))
      this.#peerOf = remoteAddress
    }
    return this.#peer
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
