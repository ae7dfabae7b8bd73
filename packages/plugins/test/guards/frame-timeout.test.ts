import { Buffer } from 'node:buffer'
import { definePlugin, FrameTimeoutError, handle, InvalidOptionError, InvalidPipelineError, type Pipeline, pipeline } from '@millrace/core'
import { embed, everySplit } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import {
  chunker,
  cobs,
  echo,
  fixedLength,
  frameTimeout,
  type FrameTimeoutOptions,
  jsonLines,
  lengthPrefixed,
  lines,
  logging,
  netstring,
  uppercaser,
  varintPrefixed,
} from '../../src/index.ts'
import { textOf } from '../drive.ts'
import { counted, newlines } from './framers.ts'

const timed = (framer: unknown) =>
  embed((pipeline as unknown as (...plugins: unknown[]) => Pipeline<never, never>)(frameTimeout({ timeout: 10 }), framer, echo()))
const guarded = (timeout = 2_000) => embed(pipeline(frameTimeout({ timeout }), newlines(), uppercaser(), echo()))

describe('frameTimeout', () => {
  test('ends a connection whose frame is not complete in time, after what was answered', () => {
    const embedded = guarded()
    embedded.writeInbound(Buffer.from('one\ntw'))
    embedded.clock.advance(1_999)
    embedded.writeInbound(Buffer.from('o'))
    expect(embedded.closed).toBeUndefined()
    embedded.clock.advance(1)
    expect(textOf(embedded.outbound)).toBe('ONE\n')
    expect(embedded.error).toMatchObject({ plugin: 'frame-timeout', cause: { timeout: 2_000 } })
    expect(embedded.error?.cause).toBeInstanceOf(FrameTimeoutError)
  })

  test('lets a peer be silent between frames', () => {
    const embedded = guarded()
    for (let i = 0; i < 3; i++) {
      embedded.clock.advance(1_000_000)
      embedded.writeInbound(Buffer.from('one\n'))
    }
    embedded.clock.advance(1_000_000)
    expect([embedded.closed, embedded.clock.pending]).toEqual([undefined, 0])
  })

  test('times each frame by itself, from its own beginning', () => {
    const embedded = guarded()
    for (const text of ['a', 'b', '\nc', 'd', '\n']) {
      embedded.writeInbound(Buffer.from(text))
      embedded.clock.advance(999)
    }
    embedded.writeInbound(Buffer.from('e'))
    embedded.clock.advance(1_999)
    expect(embedded.closed).toBeUndefined()
    embedded.clock.advance(1)
    expect(embedded.error?.cause).toBeInstanceOf(FrameTimeoutError)
  })

  test.each([
    ['newlines', newlines, Buffer.from('one\n\ntwo\nx')],
    ['counted', counted, Buffer.from([3, 1, 2, 3, 0, 1, 7, 2])],
    ['lines', lines, Buffer.from('one\r\n\ntwo\nx')],
    ['length-prefixed', () => lengthPrefixed({ bytes: 2 }), Buffer.from([0, 2, 1, 2, 0, 0, 0, 1, 7, 0])],
    ['varint-prefixed', varintPrefixed, Buffer.from([2, 1, 2, 0, 1, 7, 2])],
    ['netstring', netstring, Buffer.from('3:one,0:,1')],
    ['cobs', cobs, Buffer.from([3, 1, 2, 0, 2, 1, 0, 4])],
    ['fixed-length', () => fixedLength({ size: 3 }), Buffer.from('onetwox')],
    ['json-lines', jsonLines, Buffer.from('[1]\n{"a":2}\n[')],
  ] as const)('tells half a frame of %s from a whole one, however the bytes are cut', (_, framer, bytes) => {
    for (const chunks of everySplit(bytes.subarray(0, -1))) {
      const whole = timed(framer())
      whole.writeInbound(...chunks)
      const begun = timed(framer())
      begun.writeInbound(...chunks, bytes.subarray(-1))
      const half = timed(framer())
      half.writeInbound(...chunks.slice(0, -1), Buffer.concat([chunks.at(-1) ?? Buffer.alloc(0), bytes.subarray(-1)]))
      const ends = [whole, begun, half].map((one) => {
        one.clock.advance(10)
        return one.closed !== undefined
      })
      expect(ends).toEqual([false, true, true])
    }
  })

  test('does not time a peer that is not read from, and gives it the whole time afterwards', () => {
    let release = (): void => {}
    const holder = definePlugin({
      name: 'holder',
      open: ({ hold }) => ({ inbound: { push: (chunk: Uint8Array, emit: (chunk: Uint8Array) => void) => {
        if (chunk[0] === 33) release = hold()
        emit(chunk)
      } } }),
    })
    const embedded = embed(pipeline(holder(), frameTimeout({ timeout: 100 }), newlines(), echo()))
    embedded.writeInbound(Buffer.from('!a'))
    embedded.clock.advance(1_000)
    expect([embedded.closed, embedded.reading]).toEqual([undefined, false])
    release()
    embedded.clock.advance(99)
    expect(embedded.closed).toBeUndefined()
    embedded.clock.advance(1)
    expect(embedded.error?.cause).toBeInstanceOf(FrameTimeoutError)
  })

  test('does not time a peer whose handler takes its time', async () => {
    let next = (): void => {}
    const slow = handle(async (connection) => {
      for await (const line of connection) {
        await new Promise<void>((resolve) => (next = resolve))
        connection.write(line)
      }
    })
    const embedded = embed(pipeline(frameTimeout({ timeout: 100 }), newlines(), slow), { highWaterMark: 1 })
    embedded.writeInbound(Buffer.from('a\nb\nc'))
    await embedded.settled()
    embedded.clock.advance(10_000)
    expect([embedded.reading, embedded.closed]).toEqual([false, undefined])
    next()
    await embedded.settled()
    next()
    await embedded.settled()
    embedded.clock.advance(99)
    embedded.writeInbound(Buffer.from('\n'))
    await embedded.settled()
    embedded.clock.advance(10_000)
    expect([textOf(embedded.outbound as Uint8Array[]), embedded.closed]).toEqual(['a\nb\n', undefined])
  })

  test('may have byte plugins between itself and the framer, whose chunks are no frames', () => {
    const embedded = embed(pipeline(frameTimeout({ timeout: 10 }), logging(), chunker({ size: 1 }), newlines(), echo()))
    embedded.writeInbound(Buffer.from('abc'))
    embedded.clock.advance(10)
    expect(embedded.error?.cause).toBeInstanceOf(FrameTimeoutError)
  })

  test('leaves datagrams alone', () => {
    const embedded = embed(pipeline(frameTimeout({ timeout: 10 }), newlines(), echo()), { datagram: true })
    embedded.writeInbound(Buffer.from('abc'))
    embedded.clock.advance(10_000)
    expect([embedded.closed, embedded.clock.pending]).toEqual([undefined, 0])
  })

  test('keeps nothing of what it is lent', () => {
    const embedded = embed(pipeline(frameTimeout(), newlines()), { poison: true })
    embedded.writeInbound(Buffer.from('ab'), Buffer.from('c\nd'), Buffer.from('\n'))
    expect(embedded.inbound.map(String)).toEqual(['abc', 'd'])
  })

  test('has no place where no framer follows', () => {
    expect(() => pipeline(frameTimeout(), echo())).toThrow(InvalidPipelineError)
    expect(() => pipeline(newlines(), frameTimeout(), echo())).toThrow(InvalidPipelineError)
    expect(() => pipeline(newlines(), frameTimeout(), counted(), echo())).not.toThrow()
  })

  test.each([[{ timeout: 0 }], [{ timeout: 2 ** 31 }], [{ timeOut: 1 }]])('refuses %j', (options) => {
    expect(() => frameTimeout(options as FrameTimeoutOptions)).toThrow(InvalidOptionError)
  })
})
