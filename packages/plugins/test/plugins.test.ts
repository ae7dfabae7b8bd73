import { readFileSync } from 'node:fs'
import { InvalidOptionError, type OptionDescriptions, PluginRegistry } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import * as index from '../src/index.ts'
import { plugins } from '../src/plugins.ts'

type Manifest = { readonly exports: Readonly<Record<string, { readonly '@millrace/source': string }>> }
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest

/** Several codecs have these. */
const messageOptions = readFileSync(new URL('../src/messages/message-options.ts', import.meta.url), 'utf8')

/** Where a plugin is, below `src`, without its extension. */
const sourceOf = (name: string): string =>
  /^\.\/src\/(.+)\.ts$/.exec(manifest.exports[`./${name}`]?.['@millrace/source'] ?? '')?.[1] ?? name

const registry = new PluginRegistry(plugins)
/** What must be given to those that cannot do without. */
const needed: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'ip-filter': [['allow', '::1']],
  'rate-limit': [['bytes', '7']],
  pcap: [['path', 'a.pcap']],
}
const NAMES = [
  'logging', 'chunker', 'uppercaser', 'echo', 'discard',
  'lines',
  'delimiter',
  'fixed-length',
  'length-prefixed',
  'varint-prefixed',
  'netstring',
  'slip',
  'cobs',
  'json',
  'json-lines',
  'msgpack',
  'text',
  'ip-filter',
  'connection-guard',
  'rate-limit',
  'frame-timeout',
  'proxy-protocol',
  'idle',
  'faults',
  'pcap',
  'compress',
]

function defaultsOf(options: OptionDescriptions): Record<string, unknown> {
  const given = Object.entries(options).flatMap(([key, option]) => ('default' in option ? [[key, option.default]] : []))
  return Object.fromEntries(given) as Record<string, unknown>
}

describe('plugins', () => {
  test('are all known by name', () => {
    expect(registry.descriptions.map(({ name }) => name)).toEqual(NAMES)
  })

  test('have a subpath of their own that exports the factory of that name', async () => {
    for (const { name } of registry.descriptions) {
      const file = sourceOf(name)
      expect(manifest).toHaveProperty(['exports', `./${name}`], {
        '@millrace/source': `./src/${file}.ts`,
        types: `./dist/${file}.d.ts`,
        default: `./dist/${file}.js`,
      })
      const module = (await import(['@millrace/plugins', name].join('/'))) as Record<string, unknown>
      const exported = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
      expect(module[exported]).toBeDefined()
      expect(module[exported]).toBe((index as Record<string, unknown>)[exported])
    }
  })

  test('describe options whose defaults are what is taken', () => {
    for (const { name, options } of registry.descriptions) {
      const pairs = needed[name] ?? []
      const { options: taken } = registry.configure({ name, pairs })
      const rest = Object.entries(taken).filter(([key]) => !pairs.some(([given]) => given === key))
      expect(Object.fromEntries(rest)).toEqual(defaultsOf(options))
    }
  })

  test('document the defaults that they have', () => {
    for (const { name, options } of registry.descriptions) {
      const own = readFileSync(new URL(`../src/${sourceOf(name)}.ts`, import.meta.url), 'utf8')
      const source = own.includes('MESSAGE_OPTIONS') ? own + messageOptions : own
      const documented = source.matchAll(/@defaultValue '?(.+?)'?\n\s+\*\/\n\s+readonly (\w+)\?/g)
      const plain = (value = ''): string => (/^[\d_]+$/.test(value) ? value.replaceAll('_', '') : value)
      const values = Array.from(documented, ([, value, key]) => [key, plain(value)])
      const expected = Object.entries(defaultsOf(options)).map(([key, value]) => [key, String(value)])
      expect(Object.fromEntries(values)).toEqual(Object.fromEntries(expected))
    }
  })

  test.each([
    ['chunker', '16', { size: 16 }],
    ['uppercaser', 'error', { invalid: 'error' }],
    ['logging', 'hex', { format: 'hex' }],
    ['ip-filter', '10.0.0.0/8|::1', { allow: '10.0.0.0/8|::1' }],
  ])('take their primary option as %s:%s', (name, value, options) => {
    expect(registry.configure({ name, value, pairs: [] }).options).toMatchObject(options)
  })

  test.each([
    ['echo', undefined, [['size', '1']]],
    ['discard', '1', []],
    ['chunker', 'many', []],
    ['logging', undefined, [['maxBytes', '0']]],
    ['logging', undefined, [['hide', '|']]],
    ['logging', undefined, [['redact', 'x']]],
    ['ip-filter', undefined, []],
    ['rate-limit', undefined, []],
    ['rate-limit', '0', []],
    ['ip-filter', '10.0.0.0/33', []],
  ] as const)('refuse %s:%s %j from a command line', (name, value, pairs) => {
    const text = { name, pairs, ...(value !== undefined && { value }) }
    expect(() => registry.configure(text)).toThrow(InvalidOptionError)
  })
})
