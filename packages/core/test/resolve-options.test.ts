import { describe, expect, test } from 'vitest'
import {
  expectation,
  InvalidOptionError,
  type OptionDescriptions,
  readOptionText,
  resolveOptions,
} from '../src/index.ts'

const isFunction = (value: unknown): value is () => void => typeof value === 'function'

const DESCRIPTIONS = {
  size: { type: 'integer', unit: 'bytes', range: [1, 100], default: 16, help: '' },
  ratio: { type: 'number', range: [0, Infinity], default: 0.5, help: '' },
  flag: { type: 'boolean', default: true, help: '' },
  mode: { type: 'string', values: ['fast', 'slow'], default: 'fast', help: '' },
  label: { type: 'string', help: '' },
  redact: { type: 'code', expected: 'a function', check: isFunction, help: '' },
} as const satisfies OptionDescriptions

const resolve = (given?: unknown): object => resolveOptions('it', DESCRIPTIONS, given as object)

describe('resolveOptions', () => {
  test('fills in the defaults, and leaves out what has none', () => {
    expect(resolve()).toEqual({ size: 16, ratio: 0.5, flag: true, mode: 'fast' })
    expect(resolve({ size: undefined })).toEqual(resolve({}))
  })

  test('takes what fits its description, the ends of a range included', () => {
    const redact = (): void => {}
    const given = { size: 100, ratio: Infinity, flag: false, mode: 'slow', label: '', redact }
    expect(resolve(given)).toEqual(given)
    expect(resolve({ size: 1 })).toMatchObject({ size: 1 })
  })

  test('gives a frozen copy', () => {
    const given = Object.freeze({ size: 8 })
    const resolved = resolve(given)
    expect(resolved).not.toBe(given)
    expect(Object.isFrozen(resolved)).toBe(true)
  })

  test.each([
    ['size', 0], ['size', 101], ['size', 1.5], ['size', Number.NaN], ['size', '8'], ['size', 8n],
    ['size', null], ['size', Infinity],
    ['ratio', -0.1], ['ratio', true],
    ['flag', 1], ['flag', 'true'],
    ['mode', 'medium'], ['mode', 5],
    ['label', 5],
    ['redact', {}],
  ])('refuses %s: %s, naming option, expectation and what came', (name, value) => {
    const description = DESCRIPTIONS[name as keyof typeof DESCRIPTIONS]
    expect(() => resolve({ [name]: value })).toThrow(
      expect.objectContaining({ option: `it.${name}`, expected: expectation(description), received: value }),
    )
    expect(() => resolve({ [name]: value })).toThrow(InvalidOptionError)
  })

  test('refuses an unknown option, and suggests the one that was meant', () => {
    expect(() => resolve({ siez: 8 })).toThrow(expect.objectContaining({ option: 'it.siez', expected: 'spelt "size"' }))
    expect(() => resolve({ unheard: 8 })).toThrow(
      expect.objectContaining({ expected: expect.stringContaining('size, ratio') }),
    )
    expect(() => resolveOptions('it', {}, { any: 1 })).toThrow(InvalidOptionError)
    expect(() => resolve({ toString: 1 })).toThrow(
      expect.objectContaining({ expected: expect.stringContaining('size, ratio') }),
    )
    expect(() => resolve(JSON.parse('{"__proto__": 1}'))).toThrow(InvalidOptionError)
  })

  test.each([[[]], ['text'], [null], [5]])('refuses %j where options belong', (given) => {
    expect(() => resolve(given)).toThrow(InvalidOptionError)
  })
})

describe('readOptionText', () => {
  test.each([
    ['size', '16', 16], ['ratio', '0.25', 0.25], ['ratio', 'Infinity', Infinity], ['flag', 'true', true],
    ['flag', 'false', false],
    ['mode', 'slow', 'slow'], ['label', '', ''], ['label', '5', '5'],
  ] as const)('reads %s "%s"', (name, text, value) => {
    expect(readOptionText(name, DESCRIPTIONS[name], text)).toBe(value)
  })

  test.each([
    ['size', ''], ['size', ' '], ['size', '16x'], ['size', '1.5'], ['size', '101'], ['ratio', 'NaN'],
    ['flag', 'yes'], ['flag', ''],
    ['mode', 'medium'], ['redact', '() => {}'],
  ] as const)('refuses %s "%s"', (name, text) => {
    expect(() => readOptionText(`it.${name}`, DESCRIPTIONS[name], text)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_ERR_INVALID_OPTION', option: `it.${name}`, received: text }),
    )
  })
})

test.each([
  ['size', 'an integer from 1 to 100 (bytes)'],
  ['ratio', 'a number of at least 0'],
  ['flag', 'true or false'],
  ['mode', 'one of "fast", "slow"'],
  ['label', 'a string'],
  ['redact', 'a function'],
] as const)('expectation says what %s may be', (name, text) => {
  expect(expectation(DESCRIPTIONS[name])).toBe(text)
})
