import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { OptionDescription } from './option-description.ts'
import { expectation, fits } from './resolve-options.ts'

/**
 * Reads an option as a command line gives it.
 *
 * @param name - as the error is to call it: `chunker.size`, `--idle-timeout`.
 * @throws {@link InvalidOptionError} when the text is no such value, or the option can be given in code only.
 *
 * @example
 * readOptionText('chunker.size', { type: 'integer', range: [1, 100], help: '' }, '16') // 16
 */
export function readOptionText(name: string, description: OptionDescription, text: string): unknown {
  const value = convert(description, text)
  if (description.type === 'code' || !fits(description, value)) {
    throw new InvalidOptionError(name, description.type === 'code' ? 'given in code' : expectation(description), text)
  }
  return value
}

function convert(description: OptionDescription, text: string): unknown {
  switch (description.type) {
    case 'integer':
    case 'number':
      // Number('') and Number(' ') are 0, which nobody meant.
      return text.trim() === '' ? Number.NaN : Number(text)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    default:
      return text
  }
}
