import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { OptionDescription, OptionDescriptions, ResolvedOptions } from './option-description.ts'
import { nearest } from './nearest.ts'

/** What an option may be, in words: `an integer from 1 to 65536 (bytes)`. */
export function expectation(description: OptionDescription): string {
  switch (description.type) {
    case 'integer':
    case 'number': {
      const [low, high] = description.range
      const unit = description.unit ? ` (${description.unit})` : ''
      const range = high === Infinity ? `of at least ${low}` : `from ${low} to ${high}`
      return `${description.type === 'integer' ? 'an integer' : 'a number'} ${range}${unit}`
    }
    case 'boolean':
      return 'true or false'
    case 'string':
      return description.values ? `one of ${description.values.map((v) => `"${v}"`).join(', ')}` : 'a string'
    case 'code':
      return description.expected
  }
}

/** Whether a value is what its description asks for. */
export function fits(description: OptionDescription, value: unknown): boolean {
  switch (description.type) {
    case 'integer':
    case 'number': {
      if (typeof value !== 'number' || Number.isNaN(value)) return false
      if (description.type === 'integer' && !Number.isInteger(value) && value !== Infinity) return false
      return value >= description.range[0] && value <= description.range[1]
    }
    case 'boolean':
      return typeof value === 'boolean'
    case 'string':
      return typeof value === 'string' && (description.values === undefined || description.values.includes(value))
    case 'code':
      return description.check(value)
  }
}

function refuseUnknown(owner: string, descriptions: OptionDescriptions, name: string): never {
  const names = Object.keys(descriptions)
  const suggestion = nearest(name, names)
  const known = names.length === 0 ? 'left out: there are no options' : `one of ${names.join(', ')}`
  const expected = suggestion ? `spelt "${suggestion}"` : known
  throw new InvalidOptionError(`${owner}.${name}`, expected, name)
}

/**
 * Checks options against their descriptions and fills in the defaults. The caller's object is left as it is.
 *
 * @param owner - whose options they are; leads the name in errors (`chunker.size`).
 * @returns a frozen copy.
 * @throws {@link InvalidOptionError} for an option that is unknown, misspelt, of another type or out of range.
 *
 * @example
 * resolveOptions('chunker', { size: { type: 'integer', range: [1, 100], default: 16, help: 'bytes a chunk' } }, { size: 8 })
 * // { size: 8 }
 */
export function resolveOptions<D extends OptionDescriptions>(
  owner: string,
  descriptions: D,
  given: object = {},
): ResolvedOptions<D> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOptionError(`${owner} options`, 'an object', given)
  }
  const resolved: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    const description = Object.hasOwn(descriptions, name) ? descriptions[name] : undefined
    if (description === undefined) refuseUnknown(owner, descriptions, name)
    if (value === undefined) continue
    if (!fits(description, value)) throw new InvalidOptionError(`${owner}.${name}`, expectation(description), value)
    resolved[name] = value
  }
  for (const [name, description] of Object.entries(descriptions)) {
    if (resolved[name] === undefined && 'default' in description) resolved[name] = description.default
  }
  return Object.freeze(resolved) as ResolvedOptions<D>
}
