import { MillraceError, PluginError } from '@millrace/core'
import { UsageError } from './usage-error.ts'

/** The `code` of an error, or else its class. */
export function errorCode(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : error.name
}

/** Its message and, where that does not say so by itself, what the system said. */
export function describeError(error: Error): string {
  const { cause } = error
  const code = cause instanceof Error && 'syscall' in cause ? (cause as NodeJS.ErrnoException).code : undefined
  return code === undefined || error.message.includes(code) || error instanceof PluginError ? error.message : `${error.message}: ${code}`
}

/** Whether it is one of those that the command knows to happen; anything else is a defect of its own. */
export function isForeseen(thrown: unknown): thrown is Error {
  return thrown instanceof MillraceError || thrown instanceof UsageError || (thrown instanceof Error && isForeseenCause(thrown.cause))
}

/** What the system said: a stream of ours that could not be read or written. */
function isForeseenCause(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause
}
