import { expect, test } from 'vitest'
import { jsonLine } from '../../examples/servers/shared/json-line.ts'

test('a line of JSON steers no terminal and ends nowhere, and says what it was made of', () => {
  const every = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join('')
  const line = jsonLine({ text: every })
  // Not by the matchers that show what they were given.
  expect((JSON.parse(line) as { text: string }).text === every).toBe(true)
  expect(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(line)).toBe(false)
  expect(jsonLine({ text: 'grüße, 水' })).toBe('{"text":"grüße, 水"}')
})
