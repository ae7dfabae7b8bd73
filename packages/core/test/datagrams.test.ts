import { describe, expect, test } from 'vitest'
import { CorruptFrameError, FrameTooLongError, pipeline, type ServerEvent, type Stage } from '../src/index.ts'
import { chunksOf, embed } from '../src/testing/index.ts'
import { echo, encode, inbound, staged, textOf } from './support/plugins.ts'

type Bytes = Uint8Array
const datagram = { datagram: true } as const
const typesOf = (events: readonly ServerEvent[]): string[] => events.map(({ type }) => type)

/** Splits in pieces of two bytes; a piece that begins with 0 is bad. Notes what is called. */
function framing(notes: string[]): ReturnType<typeof staged> {
  const stage: Stage<Bytes, Bytes> = {
    push: (chunk, emit) => {
      for (const piece of chunksOf(chunk, 2)) {
        notes.push(`push ${piece.join(',')}`)
        if (piece[0] === 0) throw new CorruptFrameError('begins with 0')
        emit(piece)
      }
    },
    endOfDatagram: () => void notes.push('end'),
    reset: () => void notes.push('reset'),
  }
  return inbound('framing', stage)
}

const noting = (name: string, notes: string[]): ReturnType<typeof staged> =>
  inbound(name, {
    push: (chunk, emit) => {
      notes.push(`${name} ${chunk.join(',')}`)
      emit(chunk)
    },
    endOfDatagram: () => void notes.push(`${name} end`),
    reset: () => void notes.push(`${name} reset`),
  })

describe('on a datagram connection', () => {
  test('endOfDatagram is called after each datagram, in order of the stages', () => {
    const notes: string[] = []
    const embedded = embed(pipeline(noting('a', notes), noting('b', notes)), datagram)
    embedded.writeInbound(Uint8Array.of(1), Uint8Array.of())
    expect(notes).toEqual(['a 1', 'b 1', 'a end', 'b end', 'a ', 'b ', 'a end', 'b end'])
    expect(embedded.inbound).toEqual([Uint8Array.of(1), Uint8Array.of()])
  })

  test('a FrameError drops the rest of that datagram, resets the stages and counts; the session lives on', () => {
    const notes: string[] = []
    const embedded = embed(pipeline(framing(notes), noting('after', notes)), datagram)
    embedded.writeInbound(Uint8Array.of(1, 1, 0, 0, 2, 2), Uint8Array.of(3, 3))
    expect(notes).toEqual(
      ['push 1,1', 'after 1,1', 'push 0,0', 'reset', 'after reset', 'push 3,3', 'after 3,3', 'end', 'after end'],
    )
    expect(embedded.inbound).toEqual([Uint8Array.of(1, 1), Uint8Array.of(3, 3)])
    expect(typesOf(embedded.events)).toEqual(['connection-opened', 'frame-dropped'])
    expect(embedded.events[1]).toMatchObject({ plugin: 'framing', error: { code: 'MILLRACE_ERR_CORRUPT_FRAME' } })
  })

  test('a FrameError of an outbound stage drops what was being written, and the session lives on', () => {
    const limited = staged('limited', () => ({
      outbound: {
        push: (chunk, emit) => {
          if (chunk.byteLength > 3) throw new FrameTooLongError(3, chunk.byteLength)
          emit(chunk)
        },
      },
    }))
    const embedded = embed(limited, datagram)
    embedded.writeOutbound(encode('abc'))
    embedded.writeOutbound(encode('abcd'))
    embedded.writeOutbound(encode('d'))
    expect(textOf(embedded.outbound)).toBe('abcd')
    expect(embedded.outbound).toHaveLength(2)
    expect(typesOf(embedded.events)).toEqual(['connection-opened', 'frame-dropped'])
  })

  test('any other throw ends the session', () => {
    const boom = inbound('boom', {
      push: () => {},
      endOfDatagram: () => {
        throw new RangeError('no')
      },
    })
    const embedded = embed(boom, datagram)
    embedded.writeInbound(Uint8Array.of(1), Uint8Array.of(2))
    expect(embedded.error).toMatchObject({ plugin: 'boom', phase: 'endOfDatagram', offset: 0 })
  })

  test('what is emitted beside a plugin is a datagram of its own', () => {
    const notes: string[] = []
    const timer = staged('timer', ({ clock, emitInbound }) => {
      clock.schedule(() => emitInbound(Uint8Array.of(9)), 10)
      return {}
    })
    const embedded = embed(pipeline(timer, noting('a', notes)), datagram)
    embedded.clock.advance(10)
    expect(notes).toEqual(['a 9', 'a end'])
  })

  test('what is emitted beside a plugin within a datagram belongs to that datagram', () => {
    const notes: string[] = []
    const beside = staged('beside', ({ emitInbound }) => ({ inbound: { push: (chunk) => emitInbound(chunk) } }))
    const embedded = embed(pipeline(beside, noting('a', notes)), datagram)
    embedded.writeInbound(Uint8Array.of(1))
    expect(notes).toEqual(['a 1', 'a end'])
  })

  test('what is emitted beside a plugin within the end of a datagram belongs to that datagram', () => {
    const notes: string[] = []
    const summing = inbound('summing', { push: () => {}, endOfDatagram: (emit) => emit(Uint8Array.of(7)) })
    const relaying = staged('relaying', ({ emitInbound }) => ({ inbound: { push: (chunk) => emitInbound(chunk) } }))
    const embedded = embed(pipeline(summing, relaying, noting('after', notes)), datagram)
    embedded.writeInbound(Uint8Array.of(1, 2))
    expect(notes).toEqual(['after 7', 'after end'])
  })

  test('each answer is one datagram', () => {
    const embedded = embed(pipeline(framing([]), echo()), datagram)
    embedded.writeInbound(Uint8Array.of(1, 1, 2, 2), Uint8Array.of(3))
    expect(embedded.outbound).toEqual([Uint8Array.of(1, 1), Uint8Array.of(2, 2), Uint8Array.of(3)])
  })

  test('the end of the session is the end of the stages, and closes it', () => {
    const last = staged('last', () => ({ inbound: { push: () => {}, end: (emit) => emit(encode('last')) } }))
    const embedded = embed(pipeline(last, echo()), datagram)
    embedded.endInbound()
    expect(textOf(embedded.outbound)).toBe('last')
    expect(embedded.closed?.error).toBeUndefined()
    expect(embedded.closed).toBeDefined()
  })
})

test('endOfDatagram and reset are never called on a byte stream', () => {
  const notes: string[] = []
  const embedded = embed(noting('a', notes))
  embedded.writeInbound(Uint8Array.of(1))
  embedded.endInbound()
  expect(notes).toEqual(['a 1'])
})
