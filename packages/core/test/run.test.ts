import { describe, expect, test } from 'vitest'
import { CorruptFrameError, pipeline, PluginError } from '../src/index.ts'
import { embed } from '../src/testing/index.ts'
import { echo, encode, inbound, staged, tag, textOf } from './support/plugins.ts'

const KIB = 1024

describe('a stage that throws', () => {
  test.each([[new RangeError('no')], [undefined], [null], ['text'], [Object.freeze({})]])(
    'ends its connection with one PluginError whose cause is what it threw: %s',
    (thrown) => {
      const boom = inbound('boom', {
        push: () => {
          throw thrown
        },
      })
      const embedded = embed(pipeline(tag('a'), boom, echo()))
      embedded.writeInbound(encode('x'))
      expect(embedded.error).toBeInstanceOf(PluginError)
      expect(embedded.error).toMatchObject({ plugin: 'boom', direction: 'inbound', phase: 'push' })
      expect(embedded.error?.cause).toBe(thrown)
      expect(embedded.events.filter((event) => 'error' in event)).toHaveLength(1)
    },
  )

  test('is told with the offset of the item that failed in the bytes of its direction', () => {
    const third = inbound('third', {
      push: (chunk) => {
        if (chunk[0] === 3) throw new RangeError('three')
      },
    })
    const embedded = embed(third)
    embedded.writeInbound(new Uint8Array(100), new Uint8Array(50), Uint8Array.of(3, 3))
    expect(embedded.error).toMatchObject({ offset: 150, remoteAddress: { port: 2 } })
  })

  test('is told with the bytes written where it is an outbound one', () => {
    const fourth = staged('fourth', () => ({
      outbound: {
        push: (chunk, emit) => {
          if (chunk[0] === 4) throw new RangeError('four')
          emit(chunk)
        },
      },
    }))
    const embedded = embed(fourth)
    embedded.writeOutbound(new Uint8Array(70))
    expect(embedded.writeOutbound(Uint8Array.of(4))).toBe(false)
    expect(embedded.error).toMatchObject({ plugin: 'fourth', direction: 'outbound', offset: 70 })
  })

  test('is not blamed on the stage before, whose emit it came out of', () => {
    let caught = false
    const careful = inbound('careful', {
      push: (chunk, emit) => {
        try {
          emit(chunk)
        } catch {
          caught = true
        }
      },
    })
    const boom = inbound('boom', {
      push: () => {
        throw new RangeError('no')
      },
    })
    const embedded = embed(pipeline(careful, boom))
    embedded.writeInbound(encode('x'))
    expect(caught).toBe(false)
    expect(embedded.error).toMatchObject({ plugin: 'boom' })
  })

  test('a FrameError ends a stream too, but what was answered before it still goes out', () => {
    const strict = inbound('strict', {
      push: (chunk, emit) => {
        if (chunk[0] === 0) throw new CorruptFrameError('begins with 0')
        emit(chunk)
      },
    })
    const embedded = embed(pipeline(strict, echo()))
    embedded.writeInbound(Uint8Array.of(1), Uint8Array.of(0), Uint8Array.of(2))
    expect(embedded.outbound).toEqual([Uint8Array.of(1)])
    expect(embedded.outboundEnded).toBe(true)
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })
})

describe('the input', () => {
  test('goes through the stages in slices of at most 64 KiB', () => {
    const sizes: number[] = []
    const embedded = embed(inbound('sizes', { push: ({ byteLength }) => void sizes.push(byteLength) }))
    embedded.writeInbound(new Uint8Array(150 * KIB))
    expect(sizes).toEqual([64 * KIB, 64 * KIB, 22 * KIB])
  })

  test('stops within a chunk when a stage holds it, and goes on with the rest, in order', () => {
    let release: (() => void) | undefined
    const marks: (number | undefined)[] = []
    const holding = staged('holding', ({ hold }) => ({
      inbound: {
        push: (chunk) => {
          marks.push(chunk[0])
          if (marks.length === 1) release = hold()
        },
      },
    }))
    const bytes = new Uint8Array(128 * KIB)
    bytes[64 * KIB] = 1
    const embedded = embed(holding)
    embedded.writeInbound(bytes, Uint8Array.of(2))
    expect(marks).toEqual([0])
    release?.()
    release?.()
    expect(embedded.reading).toBe(true)
    expect(marks).toEqual([0, 1, 2])
  })

  test('is held as long as anyone holds it', () => {
    const releases: (() => void)[] = []
    const holding = staged('holding', ({ hold }) => {
      releases.push(hold(), hold())
      return {}
    })
    const embedded = embed(holding)
    releases[0]?.()
    releases[0]?.()
    expect(embedded.reading).toBe(false)
    releases[1]?.()
    expect(embedded.reading).toBe(true)
  })

  test('is not read while the peer takes no answers, and no more than the mark and one slice wait', () => {
    const tenfold = inbound('tenfold', {
      push: (chunk, emit) => {
        for (let i = 0; i < 10; i++) emit(chunk)
      },
    })
    const embedded = embed(pipeline(tenfold, echo()), { highWaterMark: 64 * KIB })
    embedded.clog()
    embedded.writeInbound(...Array.from({ length: 20 }, () => new Uint8Array(4 * KIB)))
    expect(embedded.reading).toBe(false)
    expect(embedded.connection.bytesWritten).toBe(80 * KIB)
    embedded.unclog()
    expect(embedded.outbound.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(800 * KIB)
  })
})

test('maxPushBytes bounds what one push emits', () => {
  const bomb = inbound('bomb', {
    push: (chunk, emit) => {
      for (;;) emit(chunk)
    },
  })
  const embedded = embed(pipeline(bomb, echo()), { maxPushBytes: 10 * KIB })
  embedded.writeInbound(new Uint8Array(KIB))
  expect(embedded.error).toMatchObject({ plugin: 'bomb', phase: 'push' })
  expect(embedded.error?.cause).toMatchObject({ code: 'MILLRACE_ERR_PUSH_LIMIT', limit: 10 * KIB })
  expect(embedded.connection.bytesWritten).toBeLessThanOrEqual(10 * KIB)
})

test('what is no Uint8Array at the wire fails the plugin that sent it there', () => {
  const wrong = staged('wrong', () => ({ outbound: { push: (_, emit) => emit('text' as never) } }))
  const embedded = embed(pipeline(wrong, tag('a')))
  embedded.writeOutbound(encode('x'))
  expect(embedded.error).toMatchObject({ plugin: 'wrong', direction: 'outbound' })
  expect(textOf(embedded.outbound)).toBe('')
})
