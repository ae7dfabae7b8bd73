import { Buffer } from 'node:buffer'
import { InvalidOptionError } from '@millrace/core'
import { collect } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { discard } from '../src/discard.ts'
import { drive } from './drive.ts'
import { FakeContext } from './fake-context.ts'
import { inboundOf, openPlugin } from './open-plugin.ts'

describe('discard', () => {
  test('passes nothing on and sends nothing', () => {
    const context = new FakeContext()
    const { emitted } = drive<unknown, unknown>(inboundOf(openPlugin(discard(), context)), [Buffer.from('a'), 'text'])
    expect([emitted, context.sent]).toEqual([[], []])
  })

  test('gives nothing as a transform', async () => {
    expect(await collect(discard().transform(['a', 'b']))).toEqual([])
  })

  test('refuses options', () => {
    expect(() => discard({ size: 1 } as never)).toThrow(InvalidOptionError)
  })
})
