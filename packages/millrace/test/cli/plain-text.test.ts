import { expect, test } from 'vitest'
import { inWords, plainText, toKebabCase } from '../../src/cli/plain-text.ts'

test('plainText escapes what could end a line or steer a terminal', () => {
  expect(plainText('a\r\nb\u001b[2J\u009b\u202e\u2028ß')).toBe(String.raw`a\u{d}\u{a}b\u{1b}[2J\u{9b}\u{202e}\u{2028}ß`)
})

test('plainText cuts what is longer than its limit', () => {
  expect(plainText('abcdef', 3)).toBe('abc…')
})

test('toKebabCase keeps runs of capitals together', () => {
  expect(['maxReplyRatio', 'multicastTTL', 'ipv6Only', 'type'].map(toKebabCase)).toEqual([
    'max-reply-ratio',
    'multicast-ttl',
    'ipv6-only',
    'type',
  ])
})

test('inWords lists names as a sentence does', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((names) => inWords(names, 'or'))).toEqual(['', 'a', 'a or b', 'a, b or c'])
})
