import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { checkDescriptions } from '../options/check-descriptions.ts'
import type { CodeOption, OptionDescriptions } from '../options/option-description.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import type { PluginDescription } from './plugin-description.ts'

const NAME = /^[a-z][a-z0-9-]*$/

const isFunction = (value: unknown): value is Function => typeof value === 'function'
const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

const aFunction: CodeOption = { type: 'code', expected: 'a function', check: isFunction, help: '' }
const anObject: CodeOption = { type: 'code', expected: 'an object', check: isRecord, help: '' }

const DESCRIPTION = {
  name: { type: 'string', help: '' },
  help: { type: 'string', help: '' },
  options: anObject,
  primary: { type: 'string', help: '' },
  accepts: { type: 'string', values: ['bytes', 'frame', 'message', 'any'], help: '' },
  produces: { type: 'string', values: ['bytes', 'frame', 'message', 'same', 'nothing'], help: '' },
  needs: { type: 'string', values: ['framer'], help: '' },
} as const satisfies OptionDescriptions

const DEFINITION = {
  ...DESCRIPTION,
  inject: anObject,
  gates: { type: 'boolean', help: '' },
  perDatagram: { type: 'boolean', help: '' },
  accept: aFunction,
  open: aFunction,
  serve: aFunction,
  dispose: aFunction,
} as const satisfies OptionDescriptions

/**
 * Checks what `definePlugin` is given.
 *
 * @throws {@link InvalidOptionError} for a member that is unknown, misspelt or of another type, and as {@link checkDescription}.
 */
export function checkDefinition(definition: { readonly name: string; readonly open: unknown; readonly serve?: unknown }): void {
  if (!isRecord(definition)) throw new InvalidOptionError('definePlugin', 'an object', definition)
  const { name, open, serve } = definition
  checkName('definePlugin.name', name)
  if (typeof open !== 'function') throw new InvalidOptionError(`${name}.open`, 'a function', open)
  const { produces } = resolveOptions(name, DEFINITION, definition)
  // Else code would take it for a handler, and the command line, which knows its description, would not.
  if (serve !== undefined && produces !== 'nothing') {
    throw new InvalidOptionError(`${name}.produces`, '"nothing" where serve is given, which makes it a handler', produces)
  }
  checkOptions(definition)
}

/**
 * Checks the `description` of a plugin class. What else a class says in it is its own.
 *
 * @throws {@link InvalidOptionError} for a member of another type, an option that is not described as options are, a default that its
 * own description does not allow, a primary that is none of the options.
 */
export function checkDescription(description: PluginDescription): void {
  if (!isRecord(description)) throw new InvalidOptionError('description', 'an object', description)
  checkName('description.name', description.name)
  const known = Object.entries(description).filter(([member]) => Object.hasOwn(DESCRIPTION, member))
  resolveOptions(description.name, DESCRIPTION, Object.fromEntries(known))
  checkOptions(description)
}

function checkName(option: string, name: unknown): void {
  if (typeof name === 'string' && NAME.test(name)) return
  throw new InvalidOptionError(option, 'lower-case letters, digits and dashes', name)
}

function checkOptions({ name, options = {}, primary }: Partial<PluginDescription>): void {
  checkDescriptions(name as string, options)
  if (primary === undefined || Object.hasOwn(options, primary)) return
  throw new InvalidOptionError(`${name}.primary`, 'the name of one of its options', primary)
}
