import { escapeBytes } from './byte-format.ts'

/** Values nested deeper than this are written as `…`. */
const MAX_DEPTH = 4

/** Text that stops growing at its limit. */
class BoundedText {
  readonly #limit: number
  #text = ''
  #cut = false

  constructor(limit: number) {
    this.#limit = limit
  }

  get text(): string {
    return this.#text
  }

  get cut(): boolean {
    return this.#cut
  }

  get room(): number {
    return this.#limit - this.#text.length
  }

  write(part: string): void {
    if (part.length > this.room) this.#cut = true
    this.#text += part.slice(0, this.room)
  }
}

/** What {@link describeMessage} gives. */
export interface MessageText {
  readonly text: string
  /** Whether the limit cut something off. */
  readonly cut: boolean
}

/**
 * A message of any type as text, much like JSON, as long as its limit at most, however large or deep the message is. No
 * getter, `toJSON` or `toString` of it is called. Control characters outside of strings and names stay as they are:
 * pass the text through `escapeControls`.
 *
 * @param limit - in characters.
 * @throws what a trap of a Proxy throws.
 *
 * @example
 * describeMessage({ id: 7, tags: ['a'] }, 100) // { text: '{"id": 7, "tags": ["a"]}', cut: false }
 */
export function describeMessage(message: unknown, limit: number): MessageText {
  const out = new BoundedText(limit)
  describe(message, out, 0)
  return { text: out.text, cut: out.cut }
}

function describe(value: unknown, out: BoundedText, depth: number): void {
  // One character more than fits, so that the cut is noticed.
  if (typeof value === 'string') out.write(JSON.stringify(value.slice(0, out.room + 1)))
  else if (typeof value === 'bigint') out.write(`${value}n`)
  else if (typeof value === 'function') out.write('[function]')
  else if (typeof value === 'object' && value !== null) describeObject(value, out, depth)
  else out.write(String(value))
}

function describeObject(value: object, out: BoundedText, depth: number): void {
  // As text and not as digits, so that what looks for a secret in the text finds it here too.
  if (value instanceof Uint8Array) out.write(`bytes ${quoteBytes(value.subarray(0, out.room + 1))}`)
  else if (value instanceof Date) out.write(Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString())
  else if (value instanceof Error) out.write(`Error ${JSON.stringify(value.message.slice(0, out.room + 1))}`)
  else if (depth >= MAX_DEPTH) out.write('…')
  else if (isList(value)) describeItems('[', value, ']', out, depth)
  else if (value instanceof Set) describeItems('Set [', value, ']', out, depth)
  else if (value instanceof Map) describeItems('Map [', value, ']', out, depth)
  else describeProperties(value, out, depth)
}

const quoteBytes = (bytes: Uint8Array): string => `"${escapeBytes(bytes).replaceAll('"', '\\"')}"`

const isList = (value: object): value is object & Iterable<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && Symbol.iterator in value)

function describeItems(open: string, items: Iterable<unknown>, close: string, out: BoundedText, depth: number): void {
  out.write(open)
  let separator = ''
  for (const item of items) {
    if (out.cut) return
    out.write(separator)
    describe(item, out, depth + 1)
    separator = ', '
  }
  out.write(close)
}

function describeProperties(value: object, out: BoundedText, depth: number): void {
  out.write('{')
  let separator = ''
  for (const name of Object.getOwnPropertyNames(value)) {
    if (out.cut) return
    out.write(separator)
    describe(name, out, depth)
    out.write(': ')
    const property = Object.getOwnPropertyDescriptor(value, name)
    if (property !== undefined && 'value' in property) describe(property.value, out, depth + 1)
    else out.write('[getter]')
    separator = ', '
  }
  out.write('}')
}
