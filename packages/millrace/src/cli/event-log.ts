import { inspect } from 'node:util'
import {
  type Clock,
  formatAddress,
  FrameError,
  type LogFields,
  type Logger,
  PluginError,
  type ServerEvent,
  type ServerEventOf,
  type SocketAddress,
} from '@millrace/core'
import { Digest } from './digest.ts'
import { describeError, errorCode } from './errors.ts'
import { plainText } from './plain-text.ts'

/** In characters: how much of what a plugin reports stands in a line. */
const MOST_PAYLOAD = 200

/**
 * Writes what happens in servers: a line for each connection that failed; refusals, drops and plugins' own events at most once a
 * second for each reason, with a count. Opening and closing are the logging plugin's to tell.
 */
export class EventLog {
  readonly #logger: Logger
  readonly #digest: Digest

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#digest = new Digest(logger, clock)
  }

  readonly handle = (event: ServerEvent): void => {
    switch (event.type) {
      case 'connection-closed':
        if (event.error) this.#failed(event, event.error)
        break
      case 'connection-refused':
        this.#refused(event)
        break
      case 'datagram-dropped':
        this.#dropped(event)
        break
      case 'frame-dropped':
        this.#frameDropped(event)
        break
      case 'plugin-event':
        this.#reported(event)
        break
      case 'listener-error':
        this.#logger.error({ transport: event.transport, ...factsOf(event.error) }, 'listener failed')
        break
      default:
    }
  }

  /** Writes what has been counted and not told. */
  flush(): void {
    this.#digest.flush()
  }

  #failed({ connection, initiator, duration }: ServerEventOf<'connection-closed'>, error: Error): void {
    const { id, transport, remoteAddress, bytesRead, bytesWritten } = connection
    const where = { connection: id, transport, remoteAddress: addressOf(remoteAddress) }
    const extent = { bytesRead, bytesWritten, duration: Math.round(duration), initiator }
    const level = error instanceof PluginError ? 'error' : 'warn'
    this.#logger[level]({ ...factsOf(error), ...where, ...extent }, 'connection failed')
  }

  #refused({ transport, remoteAddress, reason, detail, error }: ServerEventOf<'connection-refused'>): void {
    const kind = error instanceof PluginError ? `${reason} ${error.plugin}` : reason
    const facts = (): LogFields => {
      const peer = remoteAddress && { remoteAddress: addressOf(remoteAddress) }
      return { reason, detail: plainText(detail), transport, ...(error && factsOf(error)), ...peer }
    }
    this.#digest.note(`refused ${kind}`, () => ({ level: error ? 'error' : 'warn', fields: facts(), message: 'connection refused' }))
  }

  #dropped({ direction, reason, remoteAddress, bytes, error }: ServerEventOf<'datagram-dropped'>): void {
    const facts = (): LogFields =>
      ({ reason, direction, remoteAddress: addressOf(remoteAddress), bytes, ...(error && factsOf(error)) })
    this.#digest.note(`dropped ${direction} ${reason}`, () => ({ level: 'warn', fields: facts(), message: 'datagram dropped' }))
  }

  #frameDropped({ connection, plugin, error }: ServerEventOf<'frame-dropped'>): void {
    const facts = (): LogFields => ({ ...factsOf(error), plugin, remoteAddress: addressOf(connection.remoteAddress) })
    this.#digest.note(`frame ${plugin} ${error.code}`, () => ({ level: 'warn', fields: facts(), message: 'frame dropped' }))
  }

  #reported({ connection, plugin, payload }: ServerEventOf<'plugin-event'>): void {
    const facts = (): LogFields => ({ plugin, connection: connection.id, event: plainText(show(payload), MOST_PAYLOAD) })
    this.#digest.note(`event ${plugin}`, () => ({ level: 'info', fields: facts(), message: 'plugin event' }))
  }
}

/** A path of a Unix socket is the peer's choice, and what stands in a PROXY header may be one. */
const addressOf = (address: SocketAddress): string => plainText(formatAddress(address))

/** Whatever a plugin has put together, in one line; looking at it may throw too. */
function show(payload: unknown): string {
  try {
    return inspect(withoutStacks(payload), { breakLength: Infinity, depth: 2, maxArrayLength: 10, maxStringLength: MOST_PAYLOAD })
  } catch {
    return 'something that cannot be shown'
  }
}

/** An error in it, as `frame-discarded` has one, by what it says: of its stack nothing would be left in the line but paths. */
function withoutStacks(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || Object.getPrototypeOf(payload) !== Object.prototype) return payload
  const errors = Object.entries(payload).filter((entry): entry is [string, Error] => entry[1] instanceof Error)
  return { ...payload, ...Object.fromEntries(errors.map(([key, error]) => [key, describeError(error)])) }
}

/** What a line says of an error; of a plugin's, also where it failed; of bytes that are no frame, where they stand. */
function factsOf(error: Error): LogFields {
  const site = error instanceof PluginError && {
    plugin: error.plugin,
    direction: error.direction,
    phase: error.phase,
    offset: error.offset,
    ...placeOf(error.cause),
  }
  const bad = error instanceof PluginError ? error.cause : error
  const place = bad instanceof FrameError && bad.offset !== undefined && { frameOffset: bad.offset }
  return { code: errorCode(error), ...site, ...place, error: plainText(describeError(error)) }
}

/** The line of code that threw, which its author wants to know. */
function placeOf(cause: unknown): { readonly at?: string } {
  const stack: unknown = cause instanceof Error ? cause.stack : undefined
  const frame = typeof stack === 'string' ? /^\s+at (.+)$/m.exec(stack)?.[1] : undefined
  return frame === undefined ? {} : { at: plainText(frame) }
}
