import { describe, expect, test } from 'vitest'
import { InvalidOptionError, pipeline, type Request, respond } from '../src/index.ts'
import { embed, type Embedded } from '../src/testing/index.ts'
import { encode, lines, textOf } from './support/plugins.ts'

type Answering = Parameters<typeof respond<string, string>>[0]

const embedAnswers = (answer: Answering, concurrency?: number, highWaterMark?: number): Embedded<string, string> =>
  embed(
    pipeline(lines(), respond<string, string>(answer, concurrency === undefined ? {} : { concurrency })),
    highWaterMark === undefined ? {} : { highWaterMark },
  )

async function answersTo(answer: Answering, questions: string): Promise<string> {
  const embedded = embedAnswers(answer)
  embedded.writeInbound(encode(questions))
  await embedded.settled()
  return textOf(embedded.outbound)
}

/** Answers that come when they are told to. */
function byHand(): { readonly answer: (line: string) => Promise<string>; readonly inHand: Map<string, () => void> } {
  const inHand = new Map<string, () => void>()
  const answer = (line: string): Promise<string> =>
    new Promise((resolve) =>
      inHand.set(line, () => {
        inHand.delete(line)
        resolve(`${line}!`)
      }),
    )
  return { answer, inHand }
}

describe('respond', () => {
  test.each<[string, Answering, string]>([
    ['one answer', (line) => `${line}!`, 'a!\nb!\n'],
    ['a promise of one', async (line) => `${line}!`, 'a!\nb!\n'],
    ['none', () => undefined, ''],
    ['an array of them', (line) => [line, line], 'a\na\nb\nb\n'],
    ['an empty array', () => [], ''],
    ['promises in an array', (line) => ['1', Promise.resolve(line), '2'] as never, '1\na\n2\n1\nb\n2\n'],
    ['a generator', function* (line) { yield line; yield '2' }, 'a\n2\nb\n2\n'],
    ['an async generator', async function* (line) { yield line; await Promise.resolve(); yield '2' }, 'a\n2\nb\n2\n'],
  ])('sends %s to each message', async (_, answer, expected) => {
    expect(await answersTo(answer, 'a\nb\n')).toBe(expected)
  })

  test('takes a Uint8Array for one answer', async () => {
    const embedded = embed(pipeline(respond((chunk) => chunk.toReversed())))
    embedded.writeInbound(Uint8Array.of(1, 2, 3))
    await embedded.settled()
    expect(embedded.outbound).toEqual([Uint8Array.of(3, 2, 1)])
  })

  test('gives an answer that is there at once in the call in which its question comes', () => {
    const embedded = embedAnswers((line) => `${line}!`)
    embedded.writeInbound(encode('a\nb\n'))
    expect(textOf(embedded.outbound)).toBe('a!\nb!\n')
  })

  test('keeps the order where an answer that is there at once comes behind one that is not', async () => {
    const { answer, inHand } = byHand()
    const embedded = embedAnswers((line) => (line === 'a' ? answer(line) : `${line}!`), 3)
    embedded.writeInbound(encode('a\nb\nc\n'))
    await embedded.settled()
    expect(embedded.outbound).toEqual([])
    inHand.get('a')?.()
    await embedded.settled()
    embedded.writeInbound(encode('d\n'))
    expect(textOf(embedded.outbound)).toBe('a!\nb!\nc!\nd!\n')
  })

  test('asks nothing more once an answer has failed', async () => {
    const asked: string[] = []
    const embedded = embedAnswers((line) => {
      asked.push(line)
      throw new RangeError('no')
    }, 3)
    embedded.writeInbound(encode('a\nb\n'))
    await embedded.settled()
    expect(embedded.error).toMatchObject({ plugin: 'respond', phase: 'handler' })
    expect(asked.length).toBeLessThanOrEqual(2)
  })

  test('gives an array that the peer is too slow for in its order', async () => {
    const lines = Array.from({ length: 20 }, (_, i) => String(i).padStart(1023, '.'))
    const embedded = embedAnswers(() => lines, 1, 4096)
    embedded.clog()
    embedded.writeInbound(encode('a\n'))
    await embedded.settled()
    expect(embedded.connection.bytesWritten).toBe(4096)
    embedded.unclog()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe(`${lines.join('\n')}\n`)
  })

  test('has one question in hand at a time by default', async () => {
    const { answer, inHand } = byHand()
    const embedded = embedAnswers(answer)
    embedded.writeInbound(encode('a\nb\n'))
    await embedded.settled()
    expect([...inHand.keys()]).toEqual(['a'])
    inHand.get('a')?.()
    await embedded.settled()
    expect([...inHand.keys()]).toEqual(['b'])
  })

  test('answers in the order of the questions, with as many in hand as concurrency says', async () => {
    const { answer, inHand } = byHand()
    const embedded = embedAnswers(answer, 3)
    embedded.writeInbound(encode('a\nb\nc\nd\n'))
    await embedded.settled()
    expect([...inHand.keys()]).toEqual(['a', 'b', 'c'])
    inHand.get('c')?.()
    inHand.get('b')?.()
    await embedded.settled()
    expect(embedded.outbound).toEqual([])
    inHand.get('a')?.()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a!\nb!\nc!\n')
    expect([...inHand.keys()]).toEqual(['d'])
  })

  test('answers what is in hand when the peer has ended, then ends', async () => {
    const { answer, inHand } = byHand()
    const embedded = embedAnswers(answer, 2)
    embedded.writeInbound(encode('a\nb\n'))
    embedded.endInbound()
    await embedded.settled()
    expect(embedded.outboundEnded).toBe(false)
    for (const goOn of [...inHand.values()]) goOn()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('a!\nb!\n')
    expect(embedded.closed).toEqual({ initiator: 'remote' })
  })

  test('reads no further questions while the peer takes no answers', async () => {
    let asked = 0
    const answer = (): string => {
      asked++
      return 'x'.repeat(1023)
    }
    const embedded = embedAnswers(answer, 1, 4096)
    embedded.clog()
    embedded.writeInbound(...Array.from({ length: 100 }, () => encode('a\n')))
    await embedded.settled()
    expect(asked).toBeLessThanOrEqual(6)
    embedded.unclog()
    await embedded.settled()
    expect(asked).toBe(100)
  })

  test.each<[string, Answering]>([
    ['throws', () => { throw new RangeError('no') }],
    ['rejects', async () => { throw new RangeError('no') }],
    ['yields and then throws', async function* () { yield 'a'; throw new RangeError('no') }],
  ])('ends the connection when it %s', async (_, answer) => {
    const embedded = embedAnswers(answer)
    embedded.writeInbound(encode('a\nb\n'))
    await embedded.settled()
    expect(embedded.error).toMatchObject({ plugin: 'respond', phase: 'handler', cause: expect.any(RangeError) })
    expect(embedded.events.filter((event) => 'error' in event)).toHaveLength(1)
  })

  test('answers an earlier question that is in hand before a later one that failed ends the connection', async () => {
    const { answer, inHand } = byHand()
    const embedded = embedAnswers((line) => (line === 'b' ? Promise.reject(new RangeError('no')) : answer(line)), 2)
    embedded.writeInbound(encode('a\nb\n'))
    await embedded.settled()
    expect(embedded.error).toBeUndefined()
    inHand.get('a')?.()
    await embedded.settled()
    expect(embedded.error).toMatchObject({ plugin: 'respond', phase: 'handler', cause: expect.any(RangeError) })
  })

  test.each([
    ['at once', (later: readonly Promise<string>[]) => later],
    ['by a promise', (later: readonly Promise<string>[]) => Promise.resolve(later)],
  ])('fails with what a promise in an array rejects with before its turn, where the array is there %s', async (_, given) => {
    const { answer, inHand } = byHand()
    const failing = (line: string): unknown => given([answer(line), Promise.reject(new RangeError('early'))])
    const embedded = embedAnswers(failing as Answering)
    embedded.writeInbound(encode('a\n'))
    // Long enough for a rejection that nobody takes to be noticed.
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(embedded.error).toBeUndefined()
    inHand.get('a')?.()
    await embedded.settled()
    expect(embedded.error?.cause).toEqual(new RangeError('early'))
  })

  test('tells who asks, and when the answer is no longer wanted', async () => {
    let request: Request | undefined
    const embedded = embedAnswers((_, given) => {
      request = given
      return new Promise(() => {})
    })
    embedded.writeInbound(encode('a\n'))
    await embedded.settled()
    expect(request?.remoteAddress.port).toBe(2)
    expect(request?.signal.aborted).toBe(false)
    embedded.abort()
    expect(request?.signal.aborted).toBe(true)
  })

  test.each([0, 1.5, 10_001, '2'])('refuses a concurrency of %s, at once', (concurrency) => {
    expect(() => respond(() => undefined, { concurrency: concurrency as never })).toThrow(InvalidOptionError)
  })

  test('refuses what is no function', () => {
    expect(() => respond({} as never)).toThrow(InvalidOptionError)
  })
})
