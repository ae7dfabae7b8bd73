import { Buffer } from 'node:buffer'
import {
  CorruptFrameError,
  type Frame,
  InvalidMessageError,
  InvalidOptionError,
  InvalidPipelineError,
  PluginError,
  PluginRegistry,
  composePipeline,
  pipeline,
} from '@millrace/core'
import { embed } from '@millrace/core/testing'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { lines } from '../../src/framing/lines.ts'
import { echo } from '../../src/echo.ts'
import { json, type JsonOptions } from '../../src/messages/json.ts'
import { plugins } from '../../src/plugins.ts'
import { bytes, checkCodec } from '../framing/check-codec.ts'

/** As JSON gives it back: no negative zero, no key that is refused. */
const values = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
  .filter((value) => !JSON.stringify(value).includes('__proto__'))

const invalid = ['', '{', '[1,]', '\ufeff1', 'nul', '{"__proto__":1}', '[[[[[[1]]]]]]', '"\\ud8"', '1 2', '\0']
  .map((text) => bytes(text))
  .concat(bytes('"', 0xff, '"'), bytes('"', 0xc3, '"'))

checkCodec('json', () => json({ maxDepth: 5 }), { frames: values, invalid, variants: 2 })

const even = z.object({ n: z.number().multipleOf(2) })
const discarding = { schema: even, outboundSchema: even, invalid: 'discard' } as const
checkCodec('json with a schema that passes over', () => json(discarding), {
  frames: fc.nat(100).map((half) => ({ n: 2 * half })),
  invalid: [...invalid, bytes('{"n":1}'), bytes('{}')],
  variants: 2,
})

function decode(text: string | Uint8Array, options: JsonOptions = {}): ReturnType<typeof embed<unknown, unknown>> {
  const embedded = embed(json(options))
  embedded.writeInbound(Buffer.from(text) as Uint8Array as Frame)
  return embedded as never
}

describe('json', () => {
  const harmless = ['{"constructor":1,"prototype":{}}', '"__proto__"']
  test.each(['{"a":[1,2,{"b":null}]}', '"\u00e9\u{1f600}"', ' true ', ...harmless])('reads %s', (text) => {
    expect(decode(text).inbound).toEqual([JSON.parse(text)])
  })

  test.each([
    ['no UTF-8', Buffer.from([0x22, 0x61, 0xff, 0x22]), 2],
    ['a character that is cut off', Buffer.from([0x22, 0xe2, 0x82, 0x22]), 1],
    ['no JSON', 'secret', 0],
    ['two values', '1 2', 0],
    ['nothing', '', 0],
    ['a prototype', '{"a":[{"__proto__":{"admin":true}}]}', 0],
    ['a prototype that is escaped', '{"\\u005f_proto__":{"admin":true}}', 0],
    ['the prototype of a constructor', '{"constructor":{"prototype":{"admin":true}}}', 0],
  ])('refuses %s', (_what, text, offset) => {
    const { error, inbound } = decode(text)
    expect(inbound).toEqual([])
    expect(error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(error?.cause).toMatchObject({ offset })
    expect(error?.cause).not.toHaveProperty('cause')
    expect(String(error)).not.toMatch(/secret|admin/)
  })

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('bounds the depth of %s', (open, close) => {
    const nested = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`
    expect(decode(nested(128)).inbound).toHaveLength(1)
    expect(decode(nested(129)).error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(decode(nested(100_000)).error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(decode(nested(3), { maxDepth: 2 }).error?.cause).toBeInstanceOf(CorruptFrameError)
    expect(decode(nested(129)).error?.cause).toMatchObject({ offset: 128 * open.length })
  })

  test('makes nothing of what is nested too deep, and takes no bracket in a text for one', () => {
    const parse = vi.spyOn(JSON, 'parse')
    try {
      expect(decode('['.repeat(400) + ']'.repeat(400)).error?.cause).toBeInstanceOf(CorruptFrameError)
      expect(parse).not.toHaveBeenCalled()
    } finally {
      parse.mockRestore()
    }
    const texts = ['\\"[', '['.repeat(300), '\\\\', ']{'.repeat(9)].map((text) => JSON.stringify(text))
    expect(decode(`[${texts.join()}]`).inbound).toHaveLength(1)
    const wide = Array.from({ length: 300 }, () => ({ a: [{}] }))
    expect(decode(JSON.stringify(wide), { maxDepth: 4 }).inbound).toEqual([wide])
  })

  test('gives its messages as a schema of zod makes them', () => {
    const schema = z.object({ at: z.string().transform((text) => new Date(text)) })
    expect(decode('{"at":"2001-02-03","more":1}', { schema }).inbound).toEqual([{ at: new Date('2001-02-03') }])
  })

  test.each([
    ['zod', z.object({ celsius: z.number() })],
    ['valibot', v.object({ celsius: v.number() })],
  ])('refuses with %s what does not fit, and tells why', (_library, schema) => {
    expect(decode('{"celsius":20}', { schema }).inbound).toEqual([{ celsius: 20 }])
    const { error } = decode('{"celsius":"secret"}', { schema })
    expect(error?.cause).toBeInstanceOf(InvalidMessageError)
    expect(error?.cause).toMatchObject({ offset: 0, issues: [{ message: expect.any(String) as unknown }] })
    expect(String(error)).not.toContain('secret')
  })

  test('takes a schema that is a function, as those of arktype are', () => {
    const validate = (value: unknown) => (value === 1 ? { value: 'one' } : { issues: [{ message: 'must be 1' }] })
    const schema = Object.assign(() => {}, { '~standard': { version: 1, vendor: 'here', validate } as const })
    expect(decode('1', { schema }).inbound).toEqual(['one'])
    expect(decode('2', { schema }).error?.cause).toBeInstanceOf(InvalidMessageError)
  })

  test.each([
    ['zod', z.string().refine(async () => true)],
    ['valibot', v.pipeAsync(v.string(), v.checkAsync(async () => true))],
    ['valibot that would reject', v.pipeAsync(v.string(), v.checkAsync(() => Promise.reject(new Error('no'))))],
  ])('refuses a schema of %s that is asynchronous, and says so', (_library, schema) => {
    const { error } = decode('"a"', { schema })
    expect(error).toBeInstanceOf(PluginError)
    expect(error?.cause).toBeInstanceOf(InvalidOptionError)
    expect(error?.cause).toMatchObject({ option: 'json.schema' })
  })

  test('passes over what is bad where it is told to, and reports it', () => {
    const embedded = embed(json({ schema: z.number(), invalid: 'discard' }))
    embedded.writeInbound(...['1', 'x', '"a"', '2'].map((text) => Buffer.from(text) as Uint8Array as Frame))
    expect(embedded.inbound).toEqual([1, 2])
    const reports = embedded.events.flatMap((event) => (event.type === 'plugin-event' ? [event.payload] : []))
    expect(reports).toEqual([
      { type: 'frame-discarded', error: expect.any(CorruptFrameError) as unknown },
      { type: 'frame-discarded', error: expect.any(InvalidMessageError) as unknown },
    ])
    expect(embedded.closed).toBeUndefined()
  })

  test('tells where the frame of an error begins', () => {
    const embedded = embed(json())
    embedded.writeInbound(...['123', 'x'].map((text) => Buffer.from(text) as Uint8Array as Frame))
    expect(embedded.error?.cause).toMatchObject({ offset: 3 })
  })

  test('drops the rest of a bad datagram and serves the next', () => {
    const embedded = embed(pipeline(lines(), json()), { datagram: true })
    embedded.writeInbound(...['1\nx\n2', '3'].map((text) => Buffer.from(text)))
    expect(embedded.inbound).toEqual([1, 3])
  })

  test('sends what JSON can express', () => {
    const embedded = embed(json({ outboundSchema: z.object({ at: z.date().transform((date) => date.getTime()) }) }))
    embedded.writeOutbound({ at: new Date(5) })
    expect(String(embedded.readOutbound())).toBe('{"at":5}')
  })

  const circle: unknown[] = []
  circle.push(circle)
  const inexpressible: Readonly<Record<string, unknown>> = { undefined, function: () => {}, bigint: 1n, circle }
  test.each(Object.keys(inexpressible))('does not send what it cannot: %s', (name) => {
    const embedded = embed(json())
    embedded.writeOutbound(inexpressible[name])
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test('does not send what does not fit its schema', () => {
    const embedded = embed(json({ outboundSchema: z.number() }))
    embedded.writeOutbound('a' as never)
    expect(embedded.error?.cause).toBeInstanceOf(InvalidMessageError)
  })

  test.each([{ maxDepth: 0 }, { maxDepth: 1025 }, { schema: {} }, { schema: () => true }, { invalid: 'replace' }])(
    'refuses %o',
    (options) => {
      expect(() => json(options as JsonOptions)).toThrow(InvalidOptionError)
    },
  )

  test('says in words that it does not stand on bytes', () => {
    const registry = new PluginRegistry(plugins)
    const chosen = ['json', 'echo'].map((name) => registry.configure({ name, pairs: [] }))
    expect(() => composePipeline(chosen)).toThrow(InvalidPipelineError)
    expect(() => composePipeline(chosen)).toThrow('"json" takes frame, but the connection gives bytes')
  })

  test('answers in lines', () => {
    const embedded = embed(pipeline(lines(), json(), echo()))
    embedded.writeInbound(Buffer.from('{"a":1}\r\n[2]\n'))
    expect(Buffer.concat(embedded.outbound).toString()).toBe('{"a":1}\n[2]\n')
  })
})
