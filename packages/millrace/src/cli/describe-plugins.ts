import type { OptionDescription, PluginDescription } from '@millrace/core'
import { columns } from './columns.ts'

/** No number that a command could mean is larger: the longest timer, the largest buffer. */
const PRACTICALLY_UNBOUNDED = 2 ** 31 - 1

/** What an option may be, in one line: `integer, 1 to 65536 bytes, default 16`. */
export function describeOption(option: OptionDescription): string {
  const standard = 'default' in option && option.default !== undefined ? `, default ${String(option.default)}` : ''
  return valuesOf(option) + standard
}

function valuesOf(option: OptionDescription): string {
  switch (option.type) {
    case 'integer':
    case 'number': {
      const [low, high] = option.range
      const range = high >= PRACTICALLY_UNBOUNDED ? `${low} or more` : `${low} to ${high}`
      return `${option.type}, ${range}${option.unit ? ` ${option.unit}` : ''}`
    }
    case 'boolean':
      return 'true or false'
    case 'string':
      return option.values ? option.values.join(' | ') : 'text'
    case 'code':
      return `${option.expected}, in code only`
  }
}

/** A table of plugins for people: name, kinds, help, and each option with its values and its default. */
export function describePlugins(plugins: readonly PluginDescription[]): string {
  return plugins.map(describePlugin).join('\n')
}

function describePlugin({ name, help, accepts, produces, primary, options }: PluginDescription): string {
  const head = `${name}  (${accepts} -> ${produces})\n${help === '' ? '' : `  ${help}\n`}`
  const rows = Object.entries(options).map(([option, description]): [string, string] => {
    const short = option === primary ? `, also as ${name}:VALUE` : ''
    return [option, `${description.help} (${describeOption(description)}${short})`]
  })
  return head + columns(rows, 4, 16)
}

/** The same for programs, without what JSON cannot hold. No upper bound is `null`. */
export function toJson(plugins: readonly PluginDescription[]): string {
  return JSON.stringify(plugins, (key, value: unknown) => (key === 'check' ? undefined : value), 2)
}
