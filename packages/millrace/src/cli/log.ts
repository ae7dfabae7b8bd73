import { BlockingOutput, type Logger } from '@millrace/core'
import { type DestinationStream, pino } from 'pino'

/** Where a log goes. */
export interface LogTarget {
  /** A file descriptor; 2 is stderr. */
  readonly fd: number
  /** Whether a person reads it: then lines for people, else JSON lines. */
  readonly readable: boolean
  readonly colors: boolean
}

/**
 * The log of the command and, as `LOGGER`, of its plugins. Every level is written: whoever asks a plugin for `debug` lines wants
 * them. Written synchronously, so that no line is lost at an exit.
 */
export async function createLogger({ fd, readable, colors }: LogTarget): Promise<Logger> {
  const options = { base: null, level: 'debug' }
  // Named as what it is here for: pino's own type has an index signature that makes it look like a promise.
  const logger: Logger = pino(options, readable ? await readableLines(fd, colors) : new BlockingOutput(fd))
  return logger
}

async function readableLines(fd: number, colorize: boolean): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ destination: fd, sync: true, colorize, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' })
}

/** What of `process.stderr` tells whether a person reads it; Node leaves both out where it is no terminal. */
interface Terminal {
  readonly isTTY?: boolean
  hasColors?(): boolean
}

/** Where the log of this process goes. */
export function stderrTarget(stderr: Terminal): LogTarget {
  return { fd: 2, readable: stderr.isTTY ?? false, colors: stderr.hasColors?.() ?? false }
}
