import { Buffer } from 'node:buffer'
import { createContainer, InvalidOptionError, LOGGER, PluginBuildError } from '@millrace/core'
import { collect, type LogLine, recordingLogger } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { logging, type LoggingOptions } from '../src/logging.ts'
import { drive } from './drive.ts'
import { FakeContext } from './fake-context.ts'
import { inboundOf, openPlugin } from './open-plugin.ts'

/** The lines of one connection on which `pw=x` comes and goes. */
function linesOf(options: LoggingOptions): readonly LogLine[] {
  const logger = recordingLogger()
  const container = createContainer().register(LOGGER, { useValue: logger })
  const stages = openPlugin(logging(options), new FakeContext(), container)
  for (const stage of [stages.inbound, stages.outbound]) {
    if (stage !== undefined) drive<unknown, unknown>(inboundOf({ inbound: stage }), [Buffer.from('pw=x')])
  }
  stages.close?.({ initiator: 'remote' })
  return logger.lines
}

describe('logging', () => {
  test('writes to the logger of the container: open, both directions, close', () => {
    expect(linesOf({}).map(({ level, message }) => [level, message])).toEqual([
      ['info', 'connection opened'],
      ['info', 'inbound'],
      ['info', 'outbound'],
      ['info', 'connection closed'],
    ])
  })

  test.each(['inbound', 'outbound'] as const)('logs one direction only where that is asked (%s)', (direction) => {
    const messages = linesOf({ direction }).map(({ message }) => message)
    expect(messages).toEqual(['connection opened', direction, 'connection closed'])
  })

  test.each([
    [{}, undefined],
    [{ format: 'text' }, 'pw=x'],
    [{ format: 'text', maxBytes: 2 }, 'pw'],
    [{ format: 'hex' }, ['00000000  70 77 3d 78                                       |pw=x|']],
    [{ format: 'text', hide: '|token=|pw=' }, 'pw=*'],
    [{ format: 'text', redact: () => Buffer.from('redacted') }, 'redacted'],
  ] as const)('with %o shows %o', (options, payload) => {
    expect(linesOf(options)[1]?.fields['payload']).toEqual(payload)
  })

  test('writes every line at its level and with its label', () => {
    for (const { level, fields } of linesOf({ level: 'warn', label: 'front' })) {
      expect([level, fields['label']]).toEqual(['warn', 'front'])
    }
  })

  test.each([
    { format: 'HEX' },
    { level: 'trace' },
    { maxBytes: 0 },
    { maxBytes: 65_537 },
    { direction: 'in' },
    { label: 1 },
    { hide: '' },
    { hide: '||' },
    { redact: 'password' },
    { formt: 'hex' },
  ])('refuses %o', (options) => {
    expect(() => logging(options as object)).toThrow(InvalidOptionError)
  })

  test('cannot be built where its logger cannot', () => {
    const container = createContainer().register(LOGGER, { useFactory: () => { throw new Error('no log') } })
    expect(() => logging().build(container)).toThrow(PluginBuildError)
  })

  test('is a transform in both directions that changes nothing', async () => {
    const quiet = logging<number>({ level: 'debug' })
    expect(await collect(quiet.transform([1, 2]))).toEqual([1, 2])
    expect(await collect(quiet.outbound.transform([3]))).toEqual([3])
  })
})
