import { isUint8Array } from 'node:util/types'
import type { CloseInfo, Direction, Emit, PluginContext, Stage, Stages } from '@millrace/core'
import { errorCode, type LineOptions, type LogLines } from './log-lines.ts'
import { type PayloadOptions, PayloadWriter } from './payload-writer.ts'

/** What a log of one connection needs to know. */
export interface ConnectionLogOptions extends PayloadOptions, LineOptions {
  readonly direction: Direction | 'both'
}

/** Writes the lines of one connection, in the directions that are wanted. None of its calls throws. */
export class ConnectionLog implements Stages<unknown, unknown, unknown, unknown> {
  readonly inbound?: LoggedDirection
  readonly outbound?: LoggedDirection
  readonly #lines: LogLines
  readonly #context: PluginContext
  readonly #openedAt: number
  #failed = false

  constructor(lines: LogLines, options: ConnectionLogOptions, context: PluginContext) {
    this.#lines = lines
    this.#context = context
    this.#openedAt = context.clock.now()
    const { direction } = options
    if (direction !== 'outbound') this.inbound = new LoggedDirection(this, 'inbound', options)
    if (direction !== 'inbound') this.outbound = new LoggedDirection(this, 'outbound', options)
  }

  opened(): void {
    this.#guard(() => this.#lines.line(this.#context.connection, {}, 'connection opened'))
  }

  close({ error, initiator }: CloseInfo): void {
    this.#guard(() => {
      const { connection, clock } = this.#context
      const { bytesRead, bytesWritten } = connection
      const duration = Math.round(clock.now() - this.#openedAt)
      const cause = error?.cause === undefined ? {} : { cause: errorCode(error.cause) }
      const failure = error === undefined ? {} : { error: errorCode(error), ...cause }
      this.#lines.line(connection, { bytesRead, bytesWritten, duration, initiator, ...failure }, 'connection closed')
    })
  }

  /** One item that goes by. */
  item(item: unknown, direction: Direction, offset: number, writer: PayloadWriter | undefined): void {
    this.#guard(() => this.#lines.item(this.#context.connection, item, direction, offset, writer))
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
    if (isUint8Array(item)) this.#offset += item.length
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
