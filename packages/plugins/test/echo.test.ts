import { Buffer } from 'node:buffer'
import { InvalidOptionError } from '@millrace/core'
import { collect } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { echo } from '../src/echo.ts'
import { drive } from './drive.ts'
import { FakeContext } from './fake-context.ts'
import { inboundOf, openPlugin } from './open-plugin.ts'

describe('echo', () => {
  test('sends back the very items that reach it, of any type, and passes nothing on', () => {
    const context = new FakeContext()
    const items = [Buffer.from('a'), Buffer.alloc(0), 'text', { id: 1 }, undefined]
    const { emitted } = drive<unknown, unknown>(inboundOf(openPlugin(echo(), context)), items)
    expect(emitted).toEqual([])
    expect(context.sent).toHaveLength(items.length)
    for (const [i, item] of items.entries()) expect(context.sent[i]).toBe(item)
  })

  test('gives what it would send back as a transform', async () => {
    expect(await collect(echo<string>().transform(['a', 'b']))).toEqual(['a', 'b'])
  })

  test('refuses options', () => {
    expect(() => echo({ size: 1 } as never)).toThrow(InvalidOptionError)
  })
})
