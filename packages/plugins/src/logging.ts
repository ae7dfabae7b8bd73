import {
  type ConfiguredPlugin,
  inject,
  injectable,
  InvalidOptionError,
  LOGGER,
  type Logger,
  type Plugin,
  PLUGIN_OPTIONS,
  type PluginContext,
  type PluginDescription,
  type Stages,
  use,
} from '@millrace/core'
import { ConnectionLog, type ConnectionLogOptions } from './connection-log.ts'
import { type LogLevel, LogLines } from './log-lines.ts'
import type { Redact } from './payload-writer.ts'

/** Options of {@link logging}. */
export interface LoggingOptions {
  /**
   * How the payload is written: `summary` not at all, `text` as escaped text, `hex` as the rows of a hex dump (a
   * message that is no bytes as text).
   *
   * @defaultValue 'summary'
   */
  readonly format?: 'hex' | 'text' | 'summary'
  /**
   * Level of every line.
   *
   * @defaultValue 'info'
   */
  readonly level?: LogLevel
  /**
   * How much payload a line holds, in bytes (of a message that is no bytes, in characters): 1 to 65,536. What is over
   * is counted in `omitted`.
   *
   * @defaultValue 256
   */
  readonly maxBytes?: number
  /**
   * Which way to log.
   *
   * @defaultValue 'both'
   */
  readonly direction?: 'both' | 'inbound' | 'outbound'
  /** Tells the lines of this one from those of another logging plugin. None unless given. */
  readonly label?: string
  /**
   * What comes before a secret, several of them separated by `|`, such as `password=|token=`. What follows is written
   * as `*` up to the end of its line, also where chunks cut it. ASCII letters match in either case. None unless given.
   */
  readonly hide?: string
  /** Takes out what must not be logged, before `hide` does. In code only. None unless given. */
  readonly redact?: Redact
}

type Optional = 'label' | 'hide' | 'redact'
type Resolved = Required<Omit<LoggingOptions, Optional>> & Pick<LoggingOptions, Optional>

/** @throws {@link InvalidOptionError} where there are none: what hides nothing was not meant. */
function markersIn(hide: string): string[] {
  const markers = hide.split('|').filter((marker) => marker !== '')
  if (markers.length === 0) throw new InvalidOptionError('logging.hide', 'one text or more, separated by "|"', hide)
  return markers
}

/** The type of {@link logging}. */
export interface LoggingFactory {
  <Item = Uint8Array>(options?: LoggingOptions): ConfiguredPlugin<unknown, Item, unknown, Item, 'same'>
  readonly description: PluginDescription
}

/** The plugin behind {@link logging}. */
@injectable()
export class Logging implements Plugin<unknown, unknown, unknown, unknown> {
  static readonly description: PluginDescription & { readonly produces: 'same' } = {
    name: 'logging',
    help: 'logs what goes by in both directions, and changes nothing',
    options: {
      format: {
        type: 'string',
        values: ['hex', 'text', 'summary'],
        default: 'summary',
        help: 'how the payload is written; summary: not at all',
      },
      level: {
        type: 'string',
        values: ['debug', 'info', 'warn', 'error'],
        default: 'info',
        help: 'level of every line',
      },
      maxBytes: {
        type: 'integer',
        unit: 'bytes',
        range: [1, 65_536],
        default: 256,
        help: 'how much payload a line holds',
      },
      direction: { type: 'string', values: ['both', 'inbound', 'outbound'], default: 'both', help: 'which way to log' },
      label: { type: 'string', help: 'tells these lines from those of another logging plugin' },
      hide: { type: 'string', help: 'what comes before a secret (password=|token=): the rest of the line is hidden' },
      redact: {
        type: 'code',
        expected: 'a function from bytes and direction to bytes',
        check: (value): value is Redact => typeof value === 'function',
        help: 'takes out what must not be logged',
      },
    },
    primary: 'format',
    accepts: 'any',
    produces: 'same',
  }

  readonly name = 'logging'
  readonly perDatagram = true
  readonly #logOptions: ConnectionLogOptions
  readonly #lines: LogLines

  constructor(@inject(PLUGIN_OPTIONS) options: Resolved, @inject(LOGGER) logger: Logger) {
    const { hide, ...rest } = options
    this.#logOptions = { ...rest, markers: hide === undefined ? [] : markersIn(hide) }
    this.#lines = new LogLines(logger, this.#logOptions)
  }

  open(context: PluginContext): Stages<unknown, unknown, unknown, unknown> {
    const log = new ConnectionLog(this.#lines, this.#logOptions, context)
    log.opened()
    return log
  }
}

/**
 * Logs what goes by and changes nothing: a line when a connection opens, one for each item in either direction, and one
 * when it closes. Lines go to the `LOGGER` of the container, by default pino on stderr.
 *
 * Each line has the fields `plugin`, `connection` (its id), `remoteAddress` and, where given, `label`. An item's line
 * has `direction`, for bytes `bytes` (how many) and `offset` (of the first, counted where this plugin stands; on a
 * datagram connection within the datagram), and `payload` unless the format is `summary`. The last line has
 * `bytesRead`, `bytesWritten`, `duration` in milliseconds, `initiator` and, where the connection failed, `error` and
 * `cause`: the codes of its error and of what led to it.
 *
 * No payload can forge a line or steer a terminal: controls, line ends, direction overrides and the like are written as
 * escapes. Nothing here ends a connection. Where `redact` throws, the line says so in `withheld` and holds no payload;
 * where the logger throws, its line is lost and the server reports a `plugin-event` once for that connection. A logger
 * that has pino's `isLevelEnabled` is asked first, and nothing is rendered for a level that is off.
 *
 * @typeParam Item - type of the items where its faces are used by hand; a pipeline knows it by itself.
 * @throws {@link InvalidOptionError} for an option that is unknown, of another type or out of range.
 *
 * @example
 * const pipe = pipeline(logging({ format: 'text', hide: 'password=' }), echo())
 */
export const logging: LoggingFactory = Object.assign(create, { description: Logging.description })

function create<Item>(options?: LoggingOptions): ConfiguredPlugin<unknown, Item, unknown, Item, 'same'> {
  const configured = use(Logging, options)
  if (options?.hide !== undefined) markersIn(options.hide)
  // It gives the very items that it got, of whatever type.
  return configured as ConfiguredPlugin<unknown, Item, unknown, Item, 'same'>
}
