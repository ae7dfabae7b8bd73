import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { OptionDescription, OptionDescriptions } from './option-description.ts'
import { expectation, fits } from './resolve-options.ts'

const TYPES = ['integer', 'number', 'boolean', 'string', 'code']

/**
 * Refuses descriptions that are none: where nobody compiles, a slip in one would show as a TypeError in the first command that
 * prints it, or as a default that its own range does not allow.
 *
 * @param owner - whose options they describe.
 * @throws {@link InvalidOptionError}
 */
export function checkDescriptions(owner: string, descriptions: OptionDescriptions): void {
  for (const [name, description] of Object.entries(descriptions)) check(`${owner}.options.${name}`, description)
}

function check(name: string, description: OptionDescription): void {
  if (typeof description !== 'object' || description === null) throw new InvalidOptionError(name, 'an object', description)
  const { type } = description
  if (!TYPES.includes(type)) throw new InvalidOptionError(`${name}.type`, `one of ${TYPES.join(', ')}`, type)
  if ((type === 'integer' || type === 'number') && !isRange(description.range)) {
    throw new InvalidOptionError(`${name}.range`, 'the smallest and the largest value, as in [1, 100]', description.range)
  }
  if (type === 'code' && typeof description.check !== 'function') {
    throw new InvalidOptionError(`${name}.check`, 'a function', description.check)
  }
  const byDefault: unknown = 'default' in description ? description.default : undefined
  if (byDefault !== undefined && !fits(description, byDefault)) {
    throw new InvalidOptionError(`${name}.default`, expectation(description), byDefault)
  }
}

function isRange(range: unknown): boolean {
  if (!Array.isArray(range) || range.length !== 2) return false
  const [low, high] = range as unknown[]
  return typeof low === 'number' && typeof high === 'number' && low <= high
}
