/** A set of facts for one log line. */
export type LogFields = Readonly<Record<string, unknown>>

/** What plugins log through: the shape of pino, console-like loggers are two lines away. Injected as `LOGGER`. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
