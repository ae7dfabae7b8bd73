import { Buffer } from 'node:buffer'

/** Methods that go over bytes, and over how many of them: of the receiver, of what is given, or of the result. */
type Charge = (receiver: unknown, given: readonly unknown[], result: unknown) => number

const lengthOf = (value: unknown): number =>
  typeof value === 'string' || ArrayBuffer.isView(value) ? ((value as { length?: number }).length ?? 0) : 0
const receiver: Charge = (bytes) => lengthOf(bytes)
const given: Charge = (_bytes, [first]) => lengthOf(first)
const result: Charge = (_bytes, _given, made) => lengthOf(made)
/** A search costs what lies between where it begins and where it ends. */
const searched: Charge = (bytes, [, from], found) => {
  const start = typeof from === 'number' && from > 0 ? from : 0
  const end = typeof found === 'number' && found >= 0 ? found + 1 : lengthOf(bytes)
  return Math.max(1, end - start)
}

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object

const charge = (cost: Charge, ...methods: readonly string[]): Readonly<Record<string, Charge>> =>
  Object.fromEntries(methods.map((method) => [method, cost]))

const METERED: readonly (readonly [owner: object, methods: Readonly<Record<string, Charge>>])[] = [
  [TYPED_ARRAY, { indexOf: searched, set: given, slice: result }],
  [TYPED_ARRAY, charge(receiver, 'lastIndexOf', 'includes', 'fill', 'copyWithin', 'map', 'filter', 'every', 'some')],
  [TYPED_ARRAY, charge(receiver, 'find', 'findIndex', 'findLast', 'findLastIndex', 'toReversed', 'join')],
  [Buffer.prototype, { indexOf: searched, write: given }],
  [Buffer.prototype, charge(receiver, 'lastIndexOf', 'includes', 'fill', 'toString', 'copy', 'equals', 'compare')],
  [Buffer, { concat: result, from: result, compare: given }],
  [TextDecoder.prototype, { decode: given }],
]

/**
 * How many bytes are copied and searched while something runs, by the methods of typed arrays, of `Buffer` and of
 * `TextDecoder`, each call counting at least 1. What a loop of its own reads is not counted.
 */
export function meterWork(work: () => void): number {
  let total = 0
  const undo = METERED.flatMap(([owner, methods]) =>
    Object.entries(methods).map(([name, cost]) => {
      const original = Object.getOwnPropertyDescriptor(owner, name)
      if (typeof original?.value !== 'function') return () => {}
      const method = original.value as (...args: unknown[]) => unknown
      const metered = function (this: unknown, ...args: unknown[]): unknown {
        const made = Reflect.apply(method, this, args)
        total += Math.max(1, cost(this, args, made))
        return made
      }
      Object.defineProperty(owner, name, { ...original, value: metered })
      return () => void Object.defineProperty(owner, name, original)
    }),
  )
  try {
    work()
  } finally {
    for (const restore of undo) restore()
  }
  return total
}
