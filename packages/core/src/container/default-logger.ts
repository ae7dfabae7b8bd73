import { destination, pino } from 'pino'
import type { Logger } from './logger.ts'

let logger: Logger | undefined

/**
 * The logger where nobody has registered one: pino to stderr, JSON lines. Written synchronously, so that the last lines before
 * an exit are not lost; made when it is first needed.
 */
export function defaultLogger(): Logger {
  return (logger ??= pino({ base: null }, destination({ fd: 2, sync: true })))
}
