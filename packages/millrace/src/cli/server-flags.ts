import { nearest, type OptionDescription, type OptionDescriptions, readOptionText } from '@millrace/core'
import { LISTENER_OPTIONS, type ListenerKind } from '../serve-options.ts'
import { inWords, toKebabCase } from './plain-text.ts'
import { UsageError } from './usage-error.ts'

/** An option of a listener as a flag. */
export interface ServerFlag {
  /** Without the dashes: `idle-timeout`. */
  readonly name: string
  /** As code calls it: `idleTimeout`. */
  readonly option: string
  /** How each listener that knows it describes it. */
  readonly descriptions: ReadonlyMap<ListenerKind, OptionDescription>
}

/** These have flags of their own, `--tcp PORT` and so on. */
const ADDRESS = new Set(['port', 'host', 'path'])

/** Every server option that text can give, by the name of its flag. */
export const SERVER_FLAGS: ReadonlyMap<string, ServerFlag> = collectFlags()

function collectFlags(): ReadonlyMap<string, ServerFlag> {
  const flags = new Map<string, ServerFlag & { descriptions: Map<ListenerKind, OptionDescription> }>()
  for (const [kind, { listen, server, tls }] of Object.entries(LISTENER_OPTIONS) as [ListenerKind, Described][]) {
    for (const [option, description] of Object.entries({ ...listen, ...server, ...tls })) {
      if (ADDRESS.has(option) || description.type === 'code') continue
      const name = toKebabCase(option)
      const flag = flags.get(name) ?? { name, option, descriptions: new Map<ListenerKind, OptionDescription>() }
      flag.descriptions.set(kind, description)
      flags.set(name, flag)
    }
  }
  return flags
}

interface Described {
  readonly listen: OptionDescriptions
  readonly server: OptionDescriptions
  readonly tls?: OptionDescriptions
}

/** The options of each listener that was asked for. */
export type FlaggedOptions = Partial<Record<ListenerKind, Readonly<Record<string, unknown>>>>

/**
 * Hands the values of flags to the listeners that know them.
 *
 * @param texts - by flag name.
 * @param asked - the listeners there will be.
 * @throws {@link UsageError} for a flag that is of no use to any of them; {@link InvalidOptionError} for a bad value.
 */
export function readServerFlags(texts: ReadonlyMap<string, string>, asked: readonly ListenerKind[]): FlaggedOptions {
  const options: Partial<Record<ListenerKind, Record<string, unknown>>> = {}
  for (const kind of asked) options[kind] = {}
  for (const [name, text] of texts) {
    const flag = SERVER_FLAGS.get(name)
    if (flag === undefined) throw unknownFlag(name, SERVER_FLAGS.keys())
    const takers = asked.filter((kind) => flag.descriptions.has(kind))
    if (takers.length === 0) throw uselessFlag(name, [...flag.descriptions.keys()])
    for (const kind of takers) {
      const description = flag.descriptions.get(kind) as OptionDescription
      options[kind] = { ...options[kind], [flag.option]: readOptionText(`--${name}`, description, text) }
    }
  }
  return options
}

/** A flag for listeners that were not asked for. */
export function uselessFlag(name: string, kinds: readonly ListenerKind[]): UsageError {
  const flags = kinds.map((kind) => `--${kind}`)
  const missing = flags.length === 1 ? 'which is not given' : `${flags.length === 2 ? 'neither' : 'none'} of which is given`
  return new UsageError(`--${name} goes with ${inWords(flags, 'or')}, ${missing}`)
}

/** @param known - names without dashes. */
export function unknownFlag(name: string, known: Iterable<string>): UsageError {
  const suggestion = nearest(name, known)
  return new UsageError(`unknown flag "--${name}"${suggestion ? `; did you mean "--${suggestion}"?` : ''}`)
}
