import { Buffer } from 'node:buffer'
import { pipeline } from '@millrace/core'
import { describeCodec, embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resp } from '../../examples/servers/resp/codec.ts'
import { type Command, type Reply, RespError } from '../../examples/servers/resp/messages.ts'

const limits = { maxLength: 24, maxArguments: 4 }
const argument = fc.uint8Array({ maxLength: 6 })
const text = (...lines: string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')

const invalid = [
  text('*5'),
  text('*x'),
  text('*99999999999'),
  text('*1', 'PING'),
  text('*1', '$x'),
  text('*1', '$-1'),
  text('*1', '$25'),
  text('*2', '$20', 'a'.repeat(20), '$5'),
  text('a b c d e'),
  text('a'.repeat(25)),
  text(`*${'1'.repeat(40)}`),
  Buffer.from('*1\n'),
  Buffer.from('*1\r\n$1\r\nabc'),
  Buffer.from('PING'),
  Buffer.from('*1\r\n$4\r\nPI'),
]

describeCodec('resp', () => resp(limits), {
  describe: (name, body) => void describe(name, { timeout: 60_000 }, body),
  test,
  fc,
  frames: fc.array(argument, { minLength: 1, maxLength: limits.maxArguments }),
  invalid,
  maxHeld: limits.maxLength + 36 * (limits.maxArguments + 1),
  long: { make: () => resp(), message: (length) => [new Uint8Array(length)] },
})

const words = (command: unknown): string[] => (command as Command).map((word) => Buffer.from(word).toString())

describe('resp', () => {
  test('takes arrays of strings, words in a line, and passes over what is empty', () => {
    const embedded = embed(resp())
    embedded.writeInbound(text('*2', '$3', 'GET', '$0', '', '', '*0', '*-1', '  SET  a\t1 ', '*1', '$2', '\r\n'))
    expect(embedded.inbound.map(words)).toEqual([['GET', ''], ['SET', 'a', '1'], ['\r\n']])
  })

  test('says what was wrong, behind the commands that were right', () => {
    const embedded = embed(resp(limits))
    embedded.writeInbound(text('PING', '*1', '!4'))
    expect(embedded.inbound.map(words)).toEqual([['PING']])
    expect(embedded.error?.cause).toMatchObject({ code: 'MILLRACE_ERR_CORRUPT_FRAME', message: "expected '$'", offset: 10 })
  })

  const replies: [Reply, string][] = [
    ['OK', '+OK\r\n'],
    [new RespError('ERR no'), '-ERR no\r\n'],
    [-7, ':-7\r\n'],
    [null, '$-1\r\n'],
    [Buffer.from('a\r\n'), '$3\r\na\r\n\r\n'],
    [[], '*0\r\n'],
    [['x', [1, null]], '*2\r\n+x\r\n*2\r\n:1\r\n$-1\r\n'],
  ]
  test.each(replies)('sends %j', (reply, expected) => {
    const embedded = embed(pipeline(resp()))
    embedded.writeOutbound(reply)
    expect(Buffer.from(embedded.readOutbound() as Uint8Array).toString()).toBe(expected)
  })

  test('sends no second line within a status', () => {
    const embedded = embed(pipeline(resp()))
    embedded.writeOutbound('OK\r\n+OK')
    expect(embedded.error?.cause).toMatchObject({ code: 'MILLRACE_ERR_CORRUPT_FRAME' })
  })
})
