import { Buffer } from 'node:buffer'
import { describeCodec, embed } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { syslogFraming } from '../../examples/servers/syslog/framing.ts'
import { parseSyslog } from '../../examples/servers/syslog/parse.ts'

const maxLength = 12

describeCodec('syslogFraming', () => syslogFraming({ maxLength }), {
  describe: (name, body) => void describe(name, { timeout: 60_000 }, body),
  test,
  fc,
  frames: fc.uint8Array({ minLength: 1, maxLength }),
  invalid: ['13 ', '1x', '3 ab', '12', `<${'a'.repeat(12)}`].map((text) => Buffer.from(text)),
  maxHeld: maxLength + 3,
  long: { make: () => syslogFraming({ maxLength: 65_536 }), message: (length) => new Uint8Array(length) },
})

describeCodec('syslogFraming, counted', () => syslogFraming({ maxLength, counted: true }), {
  describe: (name, body) => void describe(name, { timeout: 60_000 }, body),
  test,
  fc,
  frames: fc.uint8Array({ minLength: 1, maxLength }),
  invalid: ['13 ', '1x', '3 ab', '<1>a\n', '\n', '02 ab'].map((text) => Buffer.from(text)),
  maxHeld: maxLength + 3,
  runs: 3_000,
})

const messagesOf = (input: string, datagram: boolean): string[] => {
  const embedded = embed(syslogFraming({ maxLength: 20 }), { datagram })
  embedded.writeInbound(Buffer.from(input))
  if (!datagram) embedded.endInbound()
  return embedded.inbound.map((frame) => Buffer.from(frame).toString())
}

describe('syslogFraming', () => {
  test('takes counted messages and lines from one stream, and a line that the end cuts', () => {
    expect(messagesOf('6 <1>a\nb\n<2>c\r\n\n3 <3><4>d', false)).toEqual(['<1>a\nb', '<2>c\r', '<3>', '<4>d'])
  })

  test('takes a datagram as it is', () => {
    expect(messagesOf('7 <1>a\nb\n', true)).toEqual(['7 <1>a\nb\n'])
  })
})

describe('parseSyslog', () => {
  test('takes the examples of RFC 5424 apart', () => {
    const head = '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47'
    const event = { iut: '3', eventSource: 'Application', eventID: '1011' }
    const first = '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]'
    const data = `${first}[examplePriority@32473 class="high"]`
    const host = 'mymachine.example.com'
    const common = { format: 'rfc5424', facility: 20, severity: 5, app: 'evntslog', id: 'ID47', host }
    expect(parseSyslog(`${head} - \uFEFFAn application event`)).toEqual({
      ...common,
      timestamp: '2003-10-11T22:14:15.003Z',
      text: 'An application event',
    })
    expect(parseSyslog(`${head} ${data}`)).toEqual({
      ...common,
      timestamp: '2003-10-11T22:14:15.003Z',
      data: { 'exampleSDID@32473': event, 'examplePriority@32473': { class: 'high' } },
      text: '',
    })
  })

  test('takes what is escaped in structured data as it was meant', () => {
    const { data, text } = parseSyslog('<1>1 - - - - - [a x="\\"\\]\\\\\\n" __proto__="p"] [no data]')
    expect(JSON.stringify(data)).toBe('{"a":{"x":"\\"]\\\\\\\\n","__proto__":"p"}}')
    expect(text).toBe('[no data]')
  })

  test('takes the examples of RFC 3164 apart', () => {
    expect(parseSyslog("<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed\n")).toEqual({
      format: 'rfc3164',
      facility: 4,
      severity: 2,
      timestamp: 'Oct 11 22:14:15',
      host: 'mymachine',
      app: 'su',
      process: '12',
      text: "'su root' failed",
    })
  })

  const withoutPriority = ['Use the BFG!', '<192>no such priority', '<034>nor this', '', '<', '<1']
  test.each(withoutPriority)('takes %j as text', (message) => {
    expect(parseSyslog(message)).toEqual({ format: 'rfc3164', facility: 1, severity: 5, text: message })
  })

  test('takes what only begins like RFC 5424 as text behind its priority', () => {
    const endless = `1 - - - - - [${'a x="\\'.repeat(2000)}`
    for (const rest of ['1 - - - -', '1 - - - - - [a x="1" text', '1 - - - - - -x', endless]) {
      expect(parseSyslog(`<1>${rest}`)).toMatchObject({ format: 'rfc3164', facility: 0, severity: 1, text: rest })
    }
  })
})
