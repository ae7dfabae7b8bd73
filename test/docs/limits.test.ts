import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  BACK_OFF_OPTIONS,
  CONNECTION_OPTIONS,
  type OptionDescription,
  type OptionDescriptions,
  plugins,
  REQUEST_REPLY_OPTIONS,
  respond,
  SERVER_OPTIONS,
  TCP_CONNECT_OPTIONS,
  TCP_LISTEN_OPTIONS,
  TCP_SERVER_OPTIONS,
  TCP_SOCKET_OPTIONS,
  tee,
  UDP_CONNECT_OPTIONS,
  UDP_LISTEN_OPTIONS,
  UDP_SERVER_OPTIONS,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { readDocument, root, tableRows } from './markdown.ts'

const document = readDocument('docs/limits.md')

type NumberOption = Extract<OptionDescription, { readonly type: 'integer' | 'number' }>

/** The options that bound something: those with a unit. */
function bounds(options: OptionDescriptions): Map<string, NumberOption> {
  const numbers = Object.entries(options).filter((entry): entry is [string, NumberOption] => 'unit' in entry[1])
  return new Map(numbers)
}

const without = (options: OptionDescriptions, ...others: OptionDescriptions[]): OptionDescriptions =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !others.some((other) => Object.hasOwn(other, name))))

const prefixed = plugins.flatMap(({ description: { name, options } }) =>
  Object.entries(options).map(([option, description]) => [`${name}.${option}`, description] as const),
)

// Of what commands do not know.
for (const [name, options] of [['requestReply', REQUEST_REPLY_OPTIONS], ['tee', tee.description.options]] as const) {
  for (const [option, description] of Object.entries(options)) prefixed.push([`${name}.${option}`, description])
}

const sections: Readonly<Record<string, OptionDescriptions>> = {
  'Connections over TCP and Unix sockets': CONNECTION_OPTIONS,
  'Servers over TCP and Unix sockets': SERVER_OPTIONS,
  'TCP sockets': without(
    { ...TCP_SOCKET_OPTIONS, ...TCP_LISTEN_OPTIONS, ...TCP_CONNECT_OPTIONS, ...TCP_SERVER_OPTIONS },
    CONNECTION_OPTIONS,
    SERVER_OPTIONS,
  ),
  Reconnecting: BACK_OFF_OPTIONS,
  'UDP servers': UDP_SERVER_OPTIONS,
  'UDP clients': without(UDP_CONNECT_OPTIONS, UDP_LISTEN_OPTIONS),
  'UDP sockets': UDP_LISTEN_OPTIONS,
  'Plugins, handlers and operators': Object.fromEntries(prefixed),
}
/** In the sources of core, which exports no table of them. */
const handlersAndOperators = ['respond.concurrency', 'sendTo.limit']

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 3 })
const range = ([low, high]: readonly [number, number]): string =>
  high === Infinity ? `${number(low)} or more` : `${number(low)} to ${number(high)}`
/** A cell without what it says in larger units: `262,144 (256 KiB)`. */
const plain = (cell: string): string => cell.replace(/ \(.*\)$/, '').replaceAll('`', '')

describe('docs/limits.md', () => {
  test.each(Object.entries(sections))('has the bounds under "%s" and no other', (heading, options) => {
    const expected = [...bounds(options)].map(([name, { default: value, unit, range: allowed }]) => {
      return [name, value === undefined ? 'none' : number(value), unit, range(allowed)]
    })
    const rows = tableRows(document, heading).filter(([name = '']) => !handlersAndOperators.includes(plain(name)))
    const texts = rows.map((row) => row.slice(0, 4).map(plain).join(' | '))
    expect(texts.toSorted()).toEqual(expected.map((row) => row.join(' | ')).toSorted())
    for (const row of rows) expect(row[4], row[0]).not.toBe('')
  })

  test('has the bounds of respond and sendTo', () => {
    const table = tableRows(document, 'Plugins, handlers and operators')
    const rows = new Map(table.map((row) => [plain(row[0] ?? ''), row]))
    const { concurrency } = respond(() => {}).options
    const cells = [number(concurrency as number), 'requests', '1 to 10,000']
    expect(rows.get('respond.concurrency')?.slice(1, 4)).toEqual(cells)
    expect(() => respond(() => {}, { concurrency: 10_001 })).toThrow('from 1 to 10000')
    const limit = /limit: \{[^}]*?range: \[1, (.+?)\],\s+default: (.+?),/.exec(sourceOf('core/rx/send-to.ts'))
    const expected = [number(evaluate(limit?.[2] ?? '')), 'bytes', `1 to ${number(evaluate(limit?.[1] ?? ''))}`]
    expect(rows.get('sendTo.limit')?.slice(1, 4).map(plain)).toEqual(expected)
  })

  test('tells of every codec what the end of the stream, a datagram and an error do', () => {
    const rows = tableRows(document, 'Codecs')
    const folders = ['framing', 'messages'].map((name) => path.join(root, 'packages/plugins/src', name)).filter(existsSync)
    const files = folders.flatMap((folder) => readdirSync(folder)).map((file) => path.basename(file, '.ts'))
    const codecs = plugins.map(({ description }) => description.name).filter((name) => files.includes(name))
    expect(rows.map(([name = '']) => plain(name)).toSorted()).toEqual(codecs.toSorted())
    for (const row of rows) expect(row.map((cell) => cell === ''), row[0]).toEqual([false, false, false, false, false])
  })

  test('has the fixed bounds as they are in the sources', () => {
    for (const [name = '', value = '', , where = ''] of tableRows(document, 'Fixed')) {
      const found = new RegExp(`const ${plain(name)}(?:: number)? = (.+)$`, 'm').exec(sourceOf(where))?.[1] ?? ''
      expect.soft(number(evaluate(found)), `${name} in ${where}`).toBe(plain(value))
    }
  })

  test('has every constant whose name says that it bounds something', () => {
    const documented = new Set(tableRows(document, 'Fixed').map(([name = '']) => plain(name)))
    // The same bound under another name, or in another package.
    const same = new Set(['MAX_DATAGRAM_BYTES_IPV6', 'LONGEST_PATH', 'LARGEST_SLAB', 'MAX_DEPTH'])
    const texts = sources().map((file) => readFileSync(file, 'utf8'))
    const found = texts.flatMap((text) => [...text.matchAll(/const ([A-Z][A-Z_]+)(?:: number)? = [\d(]/g)])
    const bounding = /^(MAX|MOST|LONGEST|LARGEST|SLICE|LIMIT|LINGER)|_LIMIT$/
    const names = found.map(([, name]) => name as string).filter((name) => bounding.test(name))
    expect(names.length).toBeGreaterThan(5)
    expect(names.filter((name) => !documented.has(name) && !same.has(name))).toEqual([])
  })
})

/** The file that the table calls `core/pipeline/run.ts`. */
function sourceOf(where: string): string {
  const [name = '', ...rest] = where.split('/')
  return readFileSync(path.join(root, 'packages', name, 'src', ...rest), 'utf8')
}

function sources(): string[] {
  const folders = readdirSync(path.join(root, 'packages')).map((name) => path.join(root, 'packages', name, 'src'))
  const inside = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file))
  const files = folders.flatMap(inside)
  return files.filter((file) => file.endsWith('.ts') && !file.includes(`${path.sep}testing${path.sep}`))
}

/** Numbers as sources write them: `64 * 1024`, `2 ** 31 - 1`, `65_507`. */
function evaluate(expression: string): number {
  if (!/^[\d_ *+-]+$/.test(expression)) throw new Error(`"${expression}" is no number`)
  const value = (text: string): number => Number(text.replaceAll('_', ''))
  const power = (text: string): number => text.split('**').map(value).reduceRight((exponent, base) => base ** exponent)
  const product = (text: string): number => text.split(/(?<!\*)\*(?!\*)/).map(power).reduce((a, b) => a * b)
  return expression.split('-').map(product).reduce((a, b) => a - b)
}
