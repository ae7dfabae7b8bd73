import { Buffer } from 'node:buffer'
import { CorruptFrameError, InvalidOptionError, PluginError } from '@millrace/core'
import { collect } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { uppercaser } from '../src/uppercaser.ts'
import { driveDatagram, textOf } from './drive.ts'
import { FakeContext } from './fake-context.ts'
import { inboundOf, openPlugin } from './open-plugin.ts'

describe('uppercaser', () => {
  test('upper-cases UTF-8 that is cut anywhere', async () => {
    const bytes = Buffer.from('straße, όσος, naïve 😀 ﬁn')
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
    expect(textOf(await collect(uppercaser().transform(single)))).toBe('STRASSE, ΌΣΟΣ, NAÏVE 😀 FIN')
  })

  test('replaces invalid bytes where nothing else is asked', async () => {
    const chunks = await collect(uppercaser().transform([Buffer.from([0x41, 0xff, 0xe2])]))
    expect(Buffer.concat(chunks)).toEqual(Buffer.from('A\ufffd\ufffd'))
  })

  test('with invalid: error ends with CorruptFrameError as the cause', async () => {
    const chunks = uppercaser({ invalid: 'error' }).transform([Buffer.of(0xff)])
    const error: unknown = await collect(chunks).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(PluginError)
    expect((error as PluginError).cause).toBeInstanceOf(CorruptFrameError)
  })

  test('keeps its state apart on every connection and at every iteration', async () => {
    const plugin = uppercaser()
    expect(textOf(await collect(plugin.transform([Buffer.of(0xc3)])))).toBe('\ufffd')
    expect(textOf(await collect(plugin.transform([Buffer.of(0x9f)])))).toBe('\ufffd')
  })

  test('knows a datagram connection', () => {
    const stage = inboundOf(openPlugin(uppercaser(), new FakeContext({ datagram: true })))
    expect(driveDatagram(stage, [Buffer.from([0x61, 0xc3])]).emitted.map((item) => textOf([item]))).toEqual(['A\ufffd'])
  })

  test('passes what is written as it is', async () => {
    expect(textOf(await collect(uppercaser().outbound.transform([Buffer.from('as it is')])))).toBe('as it is')
  })

  test.each([{ invalid: 'ignore' }, { invalid: 1 }, { Invalid: 'error' }])('refuses %o', (options) => {
    expect(() => uppercaser(options as object)).toThrow(InvalidOptionError)
  })
})
