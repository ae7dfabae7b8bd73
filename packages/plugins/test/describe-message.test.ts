import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeMessage } from '../src/describe-message.ts'

const full = (message: unknown): string => describeMessage(message, 10_000).text

describe('describeMessage', () => {
  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [-0.5, '-0.5'],
    [10n, '10n'],
    [Symbol('s'), 'Symbol(s)'],
    [() => 1, '[function]'],
    ['a"b\n', '"a\\"b\\n"'],
    [{ id: 7, tags: ['a'], 'odd name': true }, '{"id": 7, "tags": ["a"], "odd name": true}'],
    [[new Set([1]), new Map([['k', 'v']])], '[Set [1], Map [["k", "v"]]]'],
    [new Float64Array([0.5, 1]), '[0.5, 1]'],
    [Buffer.from('say "hi"\n'), 'bytes "say \\"hi\\"\\n"'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), 'Invalid Date'],
    [new TypeError('no "x"'), 'Error "no \\"x\\""'],
  ])('writes %o', (message, expected) => {
    expect(describeMessage(message, 1000)).toEqual({ text: expected, cut: false })
  })

  test('runs no code of the message', () => {
    const trap = (): never => {
      throw new Error('was run')
    }
    const message = { toJSON: trap, toString: trap, get secret(): never { return trap() } }
    expect(full(message)).toBe('{"toJSON": [function], "toString": [function], "secret": [getter]}')
  })

  test('takes names that mean something to objects for plain names', () => {
    const text = '{"__proto__": 1, "constructor": {"name": "x"}}'
    expect(full(JSON.parse(text))).toBe(text)
  })

  test('goes four levels deep, so that a cycle ends', () => {
    const message: Record<string, unknown> = {}
    message['self'] = message
    expect(full(message)).toBe('{"self": {"self": {"self": {"self": …}}}}')
  })

  test('stops at its limit and says so', () => {
    expect(describeMessage('abcdef', 4)).toEqual({ text: '"abc', cut: true })
    expect(describeMessage({ big: 'x'.repeat(1e6) }, 12)).toEqual({ text: '{"big": "xxx', cut: true })
  })

  test('looks at no more items and properties than fit', () => {
    const read: string[] = []
    const message = new Proxy({ a: 'x', b: 'x', c: 'x', d: 'x' }, {
      getOwnPropertyDescriptor(target, name) {
        read.push(String(name))
        return Reflect.getOwnPropertyDescriptor(target, name)
      },
    })
    expect(describeMessage(message, 12)).toEqual({ text: '{"a": "x", "', cut: true })
    expect(read).toEqual(['a', 'b'])
    let seen = 0
    const items = new Set([1, 2, 3, 4, 5, 6])
    items[Symbol.iterator] = function * (this: Set<number>): SetIterator<number> {
      for (const item of this.values()) yield (seen++, item)
    }
    expect(describeMessage(items, 10)).toEqual({ text: 'Set [1, 2,', cut: true })
    expect(seen).toBe(4)
  })

  test('is never longer than its limit, and cut exactly when it would be', () => {
    const messages = fc.anything({ withMap: true, withSet: true, withDate: true, withTypedArray: true })
    fc.assert(fc.property(messages, fc.nat(200), (message, limit) => {
      const { text, cut } = describeMessage(message, limit)
      const whole = describeMessage(message, 1e6).text
      expect(text).toBe(whole.slice(0, limit))
      expect(cut).toBe(whole.length > limit)
    }), { seed: 6, numRuns: 1000 })
  })
})
