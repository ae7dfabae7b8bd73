import { describe, expect, test } from 'vitest'
import { parsePluginText } from '../../src/cli/plugin-text.ts'
import { UsageError } from '../../src/cli/usage-error.ts'

describe('parsePluginText', () => {
  test.each([
    ['echo', { name: 'echo', pairs: [] }],
    ['chunker:16', { name: 'chunker', value: '16', pairs: [] }],
    ['chunker:size=16', { name: 'chunker', pairs: [['size', '16']] }],
    ['logging:format=hex,maxBytes=64', { name: 'logging', pairs: [['format', 'hex'], ['maxBytes', '64']] }],
    ['logging:hex,maxBytes=64', { name: 'logging', value: 'hex', pairs: [['maxBytes', '64']] }],
    ['logging:hide=password=|token=', { name: 'logging', pairs: [['hide', 'password=|token=']] }],
    ['logging:label=a:b', { name: 'logging', pairs: [['label', 'a:b']] }],
    ['logging:label=', { name: 'logging', pairs: [['label', '']] }],
    [String.raw`logging:label=a\,b,level=warn`, { name: 'logging', pairs: [['label', 'a,b'], ['level', 'warn']] }],
    [String.raw`file:C:\x`, { name: 'file', value: String.raw`C:\x`, pairs: [] }],
  ])('takes %s apart', (text, parts) => {
    expect(parsePluginText(text)).toEqual(parts)
  })

  test.each([
    ['', 'plugin "" has no name: write name, name:value or name:key=value,key=value'],
    [':16', 'plugin ":16" has no name: write name, name:value or name:key=value,key=value'],
    ['chunker:', 'plugin "chunker:" has nothing after the colon: write name, name:value or name:key=value,key=value'],
    ['chunker:=16', '"=16" in plugin "chunker:=16" has no key: write name, name:value or name:key=value,key=value'],
    ['chunker:8,16', '"16" in plugin "chunker:8,16" has no key: write name, name:value or name:key=value,key=value'],
    ['chunker:size=8,', '"" in plugin "chunker:size=8," has no key: write name, name:value or name:key=value,key=value'],
  ])('refuses "%s" in one line', (text, message) => {
    expect(() => parsePluginText(text)).toThrow(new UsageError(message))
  })
})
