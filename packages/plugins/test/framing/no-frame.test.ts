import { CorruptFrameError, pipeline, PluginError, respond } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { cobs, delimiter, fixedLength, lengthPrefixed, lines, netstring, slip, varintPrefixed } from '../../src/index.ts'

const framers = [
  ['lines', lines(), 'a\n'],
  ['lines, strict', lines({ strict: true }), 'a\r\n'],
  ['delimiter', delimiter({ by: ';' }), 'a;'],
  ['fixedLength', fixedLength({ size: 3 }), 'abc'],
  ['lengthPrefixed', lengthPrefixed({ bytes: 1 }), '\u0001a'],
  ['varintPrefixed', varintPrefixed(), '\u0001a'],
  ['netstring', netstring(), '1:a,'],
  ['slip', slip(), '\u00c0a\u00c0'],
  ['cobs', cobs(), '\u0002a\u0000'],
] as const

describe.each(framers)('%s, given something else than bytes to send', (_, framer, question) => {
  test.each([['abc'], [5], [{ length: 3 }], [[1, 2, 3]]])('sends nothing of %j and says so', async (answer) => {
    const embedded = embed(pipeline(framer, respond(() => [answer as never])))
    embedded.writeInbound(Buffer.from(question, 'latin1'))
    await embedded.settled()
    expect(embedded.outbound).toEqual([])
    expect(embedded.error).toBeInstanceOf(PluginError)
    expect(embedded.error?.cause).toEqual(new CorruptFrameError('what is sent is no Uint8Array'))
  })
})
