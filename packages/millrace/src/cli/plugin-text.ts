import type { PluginText } from '@millrace/core'
import { UsageError } from './usage-error.ts'

const FORM = 'name, name:value or name:key=value,key=value'

/** Commas take options apart, but for `\,`, which stands for one in a value. */
const splitAtCommas = (text: string): string[] =>
  text.split(/(?<!\\),/).map((part) => part.replaceAll(String.raw`\,`, ','))

/**
 * Takes a plugin apart as a command line names it: `echo`, `chunker:16`, `chunker:size=16`, `logging:hex,maxBytes=64`. What stands
 * first without a key is for the plugin's primary option. A key ends at the first `=`; a comma in a value is written `\,`.
 *
 * @throws {@link UsageError}
 */
export function parsePluginText(text: string): PluginText {
  const colon = text.indexOf(':')
  const name = colon === -1 ? text : text.slice(0, colon)
  if (name === '') throw new UsageError(`plugin "${text}" has no name: write ${FORM}`)
  if (colon === -1) return { name, pairs: [] }
  const [first = '', ...rest] = splitAtCommas(text.slice(colon + 1))
  if (first === '') throw new UsageError(`plugin "${text}" has nothing after the colon: write ${FORM}`)
  if (first.includes('=')) return { name, pairs: [first, ...rest].map((part) => parsePair(part, text)) }
  return { name, value: first, pairs: rest.map((part) => parsePair(part, text)) }
}

function parsePair(part: string, text: string): readonly [key: string, value: string] {
  const equals = part.indexOf('=')
  if (equals < 1) throw new UsageError(`"${part}" in plugin "${text}" has no key: write ${FORM}`)
  return [part.slice(0, equals), part.slice(equals + 1)]
}
