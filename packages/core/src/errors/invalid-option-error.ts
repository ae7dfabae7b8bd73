import { MillraceError } from './base.ts'

const show = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}

/** An option, or an argument, is not what it must be. Thrown at once, before anything has happened. */
export class InvalidOptionError extends MillraceError {
  readonly code = 'MILLRACE_ERR_INVALID_OPTION'
  /** Its name, under its owner's where it has one: `chunker.size`, `listen.port`. */
  readonly option: string
  /** What it may be, in words. */
  readonly expected: string
  readonly received: unknown
  /** @param shown - `received` in words, for the message; what a peer has sent, or is to be sent, does not belong into one. */
  constructor(option: string, expected: string, received: unknown, shown: string = show(received)) {
    super('InvalidOptionError', `option "${option}" must be ${expected}, not ${shown}`)
    this.option = option
    this.expected = expected
    this.received = received
  }
}
