import { describe, expect, test } from 'vitest'
import {
  type AsyncStage,
  CorruptFrameError,
  definePlugin,
  type Emit,
  handle,
  type MessageConnection,
  pipeline,
  PluginError,
  respond,
  sendTo,
  type ServerEvent,
  UnexpectedEndError,
} from '../src/index.ts'
import { embed, type Embedded } from '../src/testing/index.ts'
import { decode, encode, inbound, staged, textOf } from './support/plugins.ts'

type Bytes = Uint8Array
type Messages = MessageConnection<string, string>

/** Words between spaces, but none with a `?`; each that is sent gets a space. */
const words = definePlugin<Bytes, string, string, Bytes, Record<never, never>, Record<never, never>, 'message'>({
  name: 'words',
  produces: 'message',
  open: () => {
    let rest = ''
    return {
      inbound: {
        push: (chunk, emit) => {
          const parts = (rest + decode(chunk)).split(' ')
          rest = parts.pop() as string
          for (const part of parts) {
            if (part.includes('?')) throw new CorruptFrameError('a question')
            emit(part)
          }
        },
        end: () => {
          if (rest !== '') throw new UnexpectedEndError(rest.length)
        },
      },
      outbound: {
        push: (word, emit) => {
          if (word.includes('?')) throw new CorruptFrameError('a question')
          emit(encode(`${word} `))
        },
        end: (emit) => emit(encode('.')),
      },
    }
  },
})

const messageStage = (name: string, stage: AsyncStage<string, string>, direction: 'inbound' | 'outbound' = 'inbound') =>
  definePlugin<string, string, string, string, Record<never, never>, Record<never, never>, 'message'>({
    name,
    accepts: 'message',
    produces: 'message',
    open: () => ({ [direction]: stage }),
  })()

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A stage that takes a turn for each item. */
const slow = async function* <T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const item of source) {
    await turn()
    yield item
  }
}

/** Answers each word, and says what it has seen. */
const answering =
  (seen: unknown[], lastWord?: string) =>
  async (messages: Messages): Promise<void> => {
    try {
      for await (const word of messages) {
        seen.push(word)
        messages.write(`${word}!`)
      }
    } catch (error) {
      seen.push(error)
      if (lastWord !== undefined) messages.write(lastWord)
      throw error
    }
  }

const closings = (events: readonly ServerEvent[]): ServerEvent[] => events.filter(({ type }) => type === 'connection-closed')

/** It has ended in good order with the one error, which was reported once. */
function expectEnded(embedded: Pick<Embedded<unknown, never>, 'error' | 'events' | 'outboundEnded'>, at: Partial<PluginError> = { plugin: 'words', phase: 'push' }): void {
  expect(embedded.outboundEnded).toBe(true)
  expect(embedded.error).toBeInstanceOf(PluginError)
  expect(embedded.error).toMatchObject({ direction: 'inbound', ...at })
  expect(closings(embedded.events)).toMatchObject([{ error: embedded.error, initiator: 'local' }])
}

const served = (serve: (messages: Messages) => Promise<void>): Embedded<string, string> =>
  embed(pipeline(words(), handle<string, string>(serve)))

describe('a handler whose peer breaks the protocol', () => {
  test('gets all that came before, then the error, and its answers and last word go out', async () => {
    const seen: unknown[] = []
    const embedded = served(answering(seen, 'sorry'))
    embedded.writeInbound(encode('a b c? d '))
    await embedded.settled()
    expect(seen).toEqual(['a', 'b', embedded.error])
    expect(textOf(embedded.outbound)).toBe('a! b! sorry .')
    expectEnded(embedded)
  })

  test('gets it wherever the bytes are cut', async () => {
    for (const chunks of [['a b c? d '], ['a b ', 'c? '], ['a', ' b c', '? d '], ['a b c?', ' ']]) {
      const seen: unknown[] = []
      const embedded = served(answering(seen, 'sorry'))
      embedded.writeInbound(...chunks.map(encode))
      await embedded.settled()
      expect(seen).toEqual(['a', 'b', embedded.error])
      expect(textOf(embedded.outbound)).toBe('a! b! sorry .')
    }
  })

  test('is read no further, and the stage that failed gets nothing more', async () => {
    const pushed: string[] = []
    const twice = inbound('twice', { push: (chunk, emit) => [chunk, chunk, chunk].forEach((item) => emit(item)) })
    const strict = inbound('strict', {
      push: (chunk, emit) => {
        pushed.push(decode(chunk))
        if (pushed.length === 2) throw new CorruptFrameError('the second')
        emit(chunk)
      },
    })
    let end = (): void => {}
    const embedded = embed(
      pipeline(twice, strict, handle(() => new Promise<void>((resolve) => (end = resolve)))),
    )
    embedded.writeInbound(encode('a'), encode('b'))
    await embedded.settled()
    expect(pushed).toEqual(['a', 'a'])
    expect(embedded.reading).toBe(false)
    expect(embedded.closed).toBeUndefined()
    expect(embedded.connection.status).toBe('open')
    end()
    await embedded.settled()
    expectEnded(embedded, { plugin: 'strict' })
  })

  test('may end without having seen it', async () => {
    const embedded = served(async (messages) => {
      for await (const word of messages) {
        messages.write(`${word}!`)
        return
      }
    })
    embedded.writeInbound(encode('a b c? '))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a! .')
    expectEnded(embedded)
  })

  test('may close by itself', async () => {
    const embedded = served(async (messages) => {
      for await (const word of messages) {
        messages.write(`${word}!`)
        await messages.close()
      }
    })
    embedded.writeInbound(encode('a b c? '))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a! .')
    expectEnded(embedded)
  })

  test('may half-close and read on to the error', async () => {
    const seen: unknown[] = []
    const embedded = served(async (messages) => {
      void messages.closeWrite()
      await turn()
      await answering(seen)(messages)
    })
    embedded.writeInbound(encode('a b c? '))
    await embedded.settled()
    expect(seen).toEqual(['a', 'b', embedded.error])
    expect(textOf(embedded.outbound)).toBe('.')
    expectEnded(embedded)
  })

  test('may half-close on the way to the error, which an asynchronous stage is yet to give', async () => {
    const seen: unknown[] = []
    const embedded = embed(
      pipeline(
        words(),
        messageStage('slow', slow),
        handle<string, string>(async (messages) => {
          for await (const word of messages) {
            seen.push(word)
            void messages.closeWrite()
          }
        }),
      ),
    )
    embedded.writeInbound(encode('a b c? '))
    await embedded.connection.closed
    expect(seen).toEqual(['a', 'b'])
    expectEnded(embedded)
  })

  test('gets the error of an unfinished frame behind the end of the input', async () => {
    const seen: unknown[] = []
    const embedded = served(answering(seen, 'sorry'))
    embedded.writeInbound(encode('a hal'))
    embedded.endInbound()
    await embedded.settled()
    expect(seen).toEqual(['a', embedded.error])
    expect(embedded.error?.cause).toBeInstanceOf(UnexpectedEndError)
    expect(textOf(embedded.outbound)).toBe('a! sorry .')
    expectEnded(embedded, { phase: 'end' })
  })

  test('may be behind by asynchronous stages of both directions', async () => {
    const seen: unknown[] = []
    const plugins = [words(), messageStage('in', slow), messageStage('out', slow, 'outbound')] as const
    const embedded = embed(pipeline(...plugins, handle<string, string>(answering(seen, 'sorry'))))
    embedded.writeInbound(encode('a b c? d '))
    await embedded.connection.closed
    expect(seen).toEqual(['a', 'b', embedded.error])
    expect(textOf(embedded.outbound)).toBe('a! b! sorry .')
    expectEnded(embedded)
  })

  test('keeps the connection to itself for lingerTimeout at most', async () => {
    const written: boolean[] = []
    const embedded = embed(
      pipeline(
        words(),
        handle<string, string>(async (messages) => {
          for await (const word of messages) {
            written.push(messages.write(`${word}!`))
            await new Promise<void>((resolve) => messages.signal.addEventListener('abort', () => resolve()))
          }
        }),
      ),
      { lingerTimeout: 1_000 },
    )
    embedded.writeInbound(encode('a b c? '))
    await embedded.settled()
    embedded.clock.advance(999)
    await embedded.settled()
    expect(embedded.closed).toBeUndefined()
    embedded.clock.advance(1)
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a! ')
    expect(written).toEqual([true, false])
    expectEnded(embedded)
    expect(embedded.clock.pending).toBe(0)
  })

  test('aborts at once, with its own reason', async () => {
    const reason = new RangeError('enough')
    const embedded = served(async (messages) => {
      for await (const word of messages) {
        messages.write(`${word}!`)
        messages.abort(reason)
      }
    })
    embedded.clog()
    embedded.writeInbound(encode('a b c? '))
    await embedded.settled()
    expect(embedded.error).toBe(reason)
    expect(embedded.outboundEnded).toBe(false)
    expect(closings(embedded.events)).toHaveLength(1)
  })

  test.each(['before', 'after'])('that fails by itself %s it has seen the error resets the connection', async (when) => {
    const embedded = served(async (messages) => {
      const failure = new RangeError('mine')
      try {
        for await (const _ of messages) if (when === 'before') throw failure
      } catch {
        throw failure
      }
    })
    embedded.writeInbound(encode('a b c? '))
    await embedded.settled()
    expect(embedded.outboundEnded).toBe(false)
    expect(embedded.error).toMatchObject({ plugin: 'handle', phase: 'handler', cause: { message: 'mine' } })
    expect(closings(embedded.events)).toHaveLength(1)
  })

  test('may find a protocol error itself: what it wrote before goes out', async () => {
    const embedded = embed(
      pipeline(
        words(),
        messageStage('out', slow, 'outbound'),
        handle<string, string>(async (messages) => {
          for await (const word of messages) {
            messages.write(`${word}!`)
            if (word === 'b') throw new CorruptFrameError('b')
          }
        }),
      ),
    )
    embedded.writeInbound(encode('a b c '))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a! b! .')
    expectEnded(embedded, { plugin: 'handle', phase: 'handler' })
  })

  test('cannot send what no frame can carry as its last word', async () => {
    const embedded = served(answering([], 'what?'))
    embedded.writeInbound(encode('a b? '))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a! ')
    expect(embedded.error).toMatchObject({ direction: 'outbound' })
    expect(closings(embedded.events)).toHaveLength(1)
  })

  test('may pipe: its source is no failure of its sink', async () => {
    const embedded = served((messages) => {
      const answers = async function* (): AsyncGenerator<string> {
        for await (const word of messages) yield `${word}!`
      }
      return Promise.resolve(messages.sink(answers()))
    })
    embedded.writeInbound(encode('a b c? '))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a! b! .')
    expectEnded(embedded)
  })

  test('may be subscribed while its peer takes nothing', async () => {
    const seen: unknown[] = []
    const embedded = embed(
      pipeline(
        words(),
        handle<string, string>(
          (messages) =>
            new Promise((resolve) => {
              messages.data$.pipe(sendTo(messages)).subscribe({ error: (error) => resolve(void seen.push(error)) })
            }),
        ),
      ),
      { highWaterMark: 2 },
    )
    embedded.clog()
    embedded.writeInbound(encode('a b c d? '))
    await embedded.settled()
    expect(seen).toEqual([])
    embedded.unclog()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a b c .')
    expect(seen).toEqual([embedded.error])
    expectEnded(embedded)
  })

  test('is at work for a server that drains', async () => {
    let end = (): void => {}
    const embedded = served(async (messages) => {
      await new Promise<void>((resolve) => (end = resolve))
      await answering([])(messages)
    })
    embedded.writeInbound(encode('a b? '))
    embedded.beginDraining()
    await embedded.settled()
    expect(embedded.closed).toBeUndefined()
    end()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a! .')
    expectEnded(embedded)
  })
})

describe('a stage that fails while what came before a protocol error is worked off', () => {
  test('resets the connection', async () => {
    const hung = embed(
      pipeline(
        staged('failing', ({ clock, fail }) => {
          clock.schedule(() => fail(new RangeError('no')), 10)
          return {}
        }),
        words(),
        handle<string, string>(async (messages) => {
          messages.write('hello')
          await new Promise<void>((resolve) => messages.signal.addEventListener('abort', () => resolve()))
        }),
      ),
    )
    hung.writeInbound(encode('a b? '))
    hung.clock.advance(10)
    await hung.settled()
    expect(hung.error).toMatchObject({ plugin: 'failing', phase: 'fail' })
    expect(hung.outboundEnded).toBe(false)
  })

  test('changes nothing with a second protocol error, but ends the input there', async () => {
    const seen: unknown[] = []
    const strict = messageStage('strict', async function* (source) {
      for await (const word of source) {
        if (word === 'b') throw new CorruptFrameError('b')
        yield word
      }
    })
    const embedded = embed(pipeline(words(), strict, handle<string, string>(answering(seen, 'sorry'))))
    embedded.writeInbound(encode('a b c d? '))
    await embedded.settled()
    expect(seen).toEqual(['a', embedded.error])
    expect(textOf(embedded.outbound)).toBe('a! sorry .')
    expectEnded(embedded)
  })
})

describe('asynchronous stages around a protocol error', () => {
  test('are not waited for where they stand before it', async () => {
    const seen: unknown[] = []
    const stuck = inbound('stuck', async function* (source) {
      for await (const chunk of source) {
        yield chunk
        if (decode(chunk) === 'b? ') await new Promise(() => {})
      }
    })
    const embedded = embed(pipeline(stuck, words(), handle<string, string>(answering(seen, 'sorry'))))
    embedded.writeInbound(encode('a '), encode('b? '), encode('c '))
    await embedded.settled()
    expect(seen).toEqual(['a', embedded.error])
    expect(textOf(embedded.outbound)).toBe('a! sorry .')
    expectEnded(embedded)
  })

  test.each([
    ['swallows it', () => {}],
    [
      'throws another',
      () => {
        throw new RangeError('cut')
      },
    ],
  ])('pass it on, also one that %s', async (_, onError) => {
    const seen: unknown[] = []
    const catching = messageStage('catching', async function* (source) {
      try {
        for await (const word of source) yield word
      } catch {
        yield 'last'
        onError()
      }
    })
    const embedded = embed(pipeline(words(), catching, handle<string, string>(answering(seen))))
    embedded.writeInbound(encode('a b? '))
    await embedded.settled()
    expect(seen).toEqual(['a', 'last', embedded.error])
    expectEnded(embedded)
  })
})

describe('where a protocol error comes from', () => {
  test('an asynchronous stage', async () => {
    const seen: unknown[] = []
    const strict = messageStage('strict', async function* (source) {
      for await (const word of source) {
        if (word === 'c') throw new CorruptFrameError('c')
        yield word
      }
    })
    const embedded = embed(pipeline(words(), strict, messageStage('slow', slow), handle<string, string>(answering(seen))))
    embedded.writeInbound(encode('a b c d '))
    await embedded.connection.closed
    expect(seen).toEqual(['a', 'b', embedded.error])
    expect(textOf(embedded.outbound)).toBe('a! b! .')
    expectEnded(embedded, { plugin: 'strict', phase: 'asyncStage' })
  })

  test.each([['with an inbound stage', true], ['with none', false]])('a timer, of a plugin %s', async (_, hasStage) => {
    const seen: unknown[] = []
    const pass = { push: (chunk: Bytes, emit: Emit<Bytes>) => emit(chunk) }
    const timing = staged('timing', ({ clock, fail }) => {
      clock.schedule(() => fail(new CorruptFrameError('too late')), 10)
      return hasStage ? { inbound: pass } : {}
    })
    const timed = embed(pipeline(timing, words(), messageStage('slow', slow), handle<string, string>(answering(seen, 'sorry'))))
    timed.writeInbound(encode('a b '))
    timed.clock.advance(10)
    await timed.connection.closed
    expect(seen).toEqual(['a', 'b', timed.error])
    expect(textOf(timed.outbound)).toBe('a! b! sorry .')
    expectEnded(timed, { plugin: 'timing', phase: 'fail' })
  })

  test('a plugin that gates', async () => {
    const gate = staged(
      'gate',
      () => ({
        inbound: {
          push: () => {
            throw new CorruptFrameError('no header')
          },
        },
      }),
      { gates: true },
    )
    const embedded = embed(pipeline(gate, words(), handle<string, string>(answering([]))))
    embedded.writeInbound(encode('a '))
    await embedded.settled()
    expectEnded(embedded, { plugin: 'gate' })
  })
})

describe('respond, whose peer breaks the protocol', () => {
  test.each([1, 3])('answers all that came before, %i at once', async (concurrency) => {
    const answer = async (word: string): Promise<string> => {
      for (let i = word === 'a' ? 5 : 1; i > 0; i--) await turn()
      return `${word}!`
    }
    const embedded = embed(pipeline(words(), respond<string, string>(answer, { concurrency })))
    embedded.writeInbound(encode('a b c d? '))
    await embedded.connection.closed
    expect(textOf(embedded.outbound)).toBe('a! b! c! .')
    expectEnded(embedded)
  })

  test('resets the connection where an answer fails', async () => {
    const answer = async (word: string): Promise<string> => {
      await turn()
      if (word === 'b') throw new RangeError('b')
      return `${word}!`
    }
    const embedded = embed(pipeline(words(), respond<string, string>(answer)))
    embedded.writeInbound(encode('a b c d? '))
    await embedded.settled()
    expect(embedded.error).toMatchObject({ plugin: 'respond', phase: 'handler' })
    expect(embedded.outboundEnded).toBe(false)
  })
})
