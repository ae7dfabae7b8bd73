import { pino } from 'pino'
import { BlockingOutput } from './blocking-output.ts'
import type { Logger } from './logger.ts'

let logger: Logger | undefined

/**
 * The logger where nobody has registered one: pino to stderr, JSON lines. Written synchronously, so that the last lines before
 * an exit are not lost; made when it is first needed.
 */
export function defaultLogger(): Logger {
  return (logger ??= pino({ base: null }, new BlockingOutput(2)))
}
