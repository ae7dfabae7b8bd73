import type { LogFields, Logger } from '../container/logger.ts'

/** One call of a {@link RecordingLogger}. */
export interface LogLine {
  readonly level: keyof Logger
  readonly fields: LogFields
  readonly message: string
}

/** A logger that only remembers. */
export interface RecordingLogger extends Logger {
  /** In the order they were logged. */
  readonly lines: readonly LogLine[]
}

/**
 * A logger to be registered as `LOGGER` where a test wants to see what was logged.
 *
 * @example
 * const logger = recordingLogger()
 * container.register(LOGGER, { useValue: logger })
 * expect(logger.lines.map(({ message }) => message)).toContain('closed')
 */
export function recordingLogger(): RecordingLogger {
  const lines: LogLine[] = []
  const at = (level: keyof Logger) => (fields: LogFields, message: string) => {
    lines.push({ level, fields, message })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
