import { InvalidOptionError, InvalidPipelineError, UnknownPluginError } from '@millrace/core'

/** The command was typed wrongly. Its message is one line that names what is wrong and what would be right. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UsageError'
  }
}

/** Whether whoever typed the command can put it right by typing something else: exit code 2, not 1. */
export function isUsageError(error: unknown): boolean {
  return [UsageError, InvalidOptionError, InvalidPipelineError, UnknownPluginError].some((type) => error instanceof type)
}
