import type { LogFields, Logger } from 'millrace'

const discard = (_fields: LogFields, _message: string): void => {}

/** Takes every line and writes none: what is measured is making the line, the same for every peer. */
export const discardingLogger: Logger = { debug: discard, info: discard, warn: discard, error: discard }
