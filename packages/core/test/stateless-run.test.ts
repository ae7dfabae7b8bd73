import { describe, expect, test } from 'vitest'
import {
  buildPipeline,
  type CloseInfo,
  ConnectionAbortedError,
  CorruptFrameError,
  handle,
  InvalidPipelineError,
  type AnyPipeline,
  pipeline,
  respond,
  type ServerEvent,
  type SocketAddress,
  StatelessRun,
} from '../src/index.ts'
import { VirtualClock } from '../src/testing/index.ts'
import { decode, echo, encode, staged } from './support/plugins.ts'
import { turns } from './support/test-server.ts'

const perDatagram = { perDatagram: true } as const
const at = (port: number): SocketAddress => ({ address: '192.0.2.1', port, family: 'IPv4' })

interface Serving {
  readonly run: StatelessRun
  readonly sent: string[]
  readonly events: ServerEvent[]
}

function serve(subject: AnyPipeline, maxPushBytes = 2 ** 20): Serving {
  const sent: string[] = []
  const events: ServerEvent[] = []
  const run = new StatelessRun(buildPipeline(subject), {
    localAddress: at(1),
    clock: new VirtualClock(),
    maxPushBytes,
    report: (event) => events.push(event),
    send: (chunk, { port }) => sent.push(`${port}:${decode(chunk)}`),
  })
  return { run, sent, events }
}

const upper = staged(
  'upper',
  (context) => ({
    inbound: {
      push: (chunk, emit) => {
        if (chunk[0] === 0) throw new CorruptFrameError('begins with 0')
        if (chunk[0] === 1) throw new RangeError('begins with 1')
        emit(encode(`${context.connection.remoteAddress.port} ${decode(chunk).toUpperCase()}`))
      },
    },
  }),
  perDatagram,
)

const slow = staged(
  'slow',
  () => ({
    inbound: async function* (source) {
      yield* source
    },
  }),
  perDatagram,
)

describe('stateless serving', () => {
  test('sends each answer to the sender of its datagram, whom the stages see', () => {
    const { run, sent } = serve(pipeline(upper, echo()))
    run.receive(encode('a'), at(5))
    run.receive(encode('b'), at(6))
    expect(sent).toEqual(['5:5 A', '6:6 B'])
    run.close()
  })

  test('drops a datagram that is no frame, counts it, and goes on', () => {
    const { run, sent, events } = serve(pipeline(upper, echo()))
    run.receive(Uint8Array.of(0), at(5))
    run.receive(encode('b'), at(6))
    expect(sent).toEqual(['6:6 B'])
    expect(events).toMatchObject([{ type: 'frame-dropped', plugin: 'upper', connection: { remoteAddress: { port: 5 } } }])
    run.close()
  })

  test('reports a failure with the sender it concerns, and serves the next with fresh stages', async () => {
    const { run, sent, events } = serve(pipeline(upper, echo()))
    run.receive(Uint8Array.of(1), at(5))
    await turns(1)
    run.receive(encode('b'), at(6))
    expect(sent).toEqual(['6:6 B'])
    expect(events).toMatchObject(
      [{ type: 'connection-closed', connection: { remoteAddress: { port: 5 } }, error: { plugin: 'upper' } }],
    )
    run.close()
  })

  test('reports a failure with its own sender also when the next datagram comes at once', async () => {
    const { run, sent, events } = serve(pipeline(upper, echo()))
    run.receive(Uint8Array.of(1), at(5))
    run.receive(encode('b'), at(6))
    await turns(1)
    expect(sent).toEqual(['6:6 B'])
    expect(events).toMatchObject([{ connection: { remoteAddress: { port: 5 } } }])
    run.close()
  })

  test('answers with respond, each to its own sender, as many at once as concurrency says', async () => {
    const inHand = new Map<string, () => void>()
    const slow = respond(
      (chunk) => new Promise<Uint8Array>((resolve) => inHand.set(decode(chunk), () => resolve(chunk))),
      { concurrency: 2 },
    )
    const { run, sent } = serve(pipeline(upper, slow))
    for (const [i, text] of ['a', 'b', 'c'].entries()) run.receive(encode(text), at(5 + i))
    expect(run.idle).toBe(false)
    await turns(1)
    expect([...inHand.keys()]).toEqual(['5 A', '6 B'])
    inHand.get('6 B')?.()
    await turns(1)
    inHand.get('5 A')?.()
    inHand.get('7 C')?.()
    await turns(1)
    expect(sent).toEqual(['6:6 B', '5:5 A', '7:7 C'])
    expect(run.idle).toBe(true)
    run.close()
  })

  test('passes the answers of respond through the outbound stages', async () => {
    const framed = staged(
      'framed', () => ({ outbound: { push: (chunk, emit) => emit(encode(`<${decode(chunk)}>`)) } }), perDatagram,
    )
    const { run, sent } = serve(pipeline(framed, respond((chunk) => [chunk, chunk])))
    run.receive(encode('a'), at(5))
    await turns(1)
    expect(sent).toEqual(['5:<a>', '5:<a>'])
    run.close()
  })

  test('reports an answer that fails with the sender it concerns, and goes on', async () => {
    const failing = respond((chunk) => (decode(chunk) === 'a' ? Promise.reject(new RangeError('no')) : chunk))
    const { run, sent, events } = serve(pipeline(failing))
    run.receive(encode('a'), at(5))
    run.receive(encode('b'), at(6))
    await turns(2)
    expect(sent).toEqual(['6:b'])
    expect(events).toMatchObject(
      [{ connection: { remoteAddress: { port: 5 } }, error: { plugin: 'respond', phase: 'handler' } }],
    )
    expect(run.idle).toBe(true)
    run.close()
  })

  test('drops and counts requests behind a bound that wait for an answer', async () => {
    const { run, events } = serve(pipeline(respond(() => new Promise<never>(() => {}))))
    for (let i = 0; i < 1030; i++) run.receive(encode('a'), at(5))
    expect(events).toHaveLength(5)
    expect(events[0]).toMatchObject({ type: 'datagram-dropped', reason: 'session-queue', direction: 'inbound' })
    run.close()
  })

  test('sends nothing and takes nothing once it is closed', async () => {
    let answer!: (chunk: Uint8Array) => void
    let gone: AbortSignal | undefined
    const slow = respond((_, { signal }) => {
      gone = signal
      return new Promise<Uint8Array>((resolve) => (answer = resolve))
    })
    const { run, sent, events } = serve(pipeline(slow))
    run.receive(encode('a'), at(5))
    await turns(1)
    run.close()
    run.close()
    expect(gone?.aborted).toBe(true)
    answer(encode('late'))
    run.receive(encode('b'), at(5))
    await turns(1)
    expect([sent, events]).toEqual([[], []])
  })

  test.each(['close', 'abort'] as const)('tells its stages of its %s, once, and sends no last word', async (end) => {
    const ends: CloseInfo[] = []
    const parting = staged(
      'parting',
      () => ({ outbound: { push: (chunk, emit) => emit(chunk), end: (emit) => emit(encode('bye')) }, close: (info) => void ends.push(info) }),
      perDatagram,
    )
    const { run, sent, events } = serve(pipeline(parting, echo()))
    run.receive(encode('a'), at(5))
    run[end]()
    run[end]()
    await turns(1)
    expect(ends).toEqual([{ initiator: 'local', ...(end === 'abort' && { error: expect.any(ConnectionAbortedError) }) }])
    expect([sent, events]).toEqual([['5:a'], []])
  })

  test.each([
    ['a plugin that does not declare perDatagram', pipeline(staged('stateful', () => ({})), echo())],
    ['a handler of connections', pipeline(handle(() => {}))],
    ['no handler', pipeline(upper)],
    ['an asynchronous stage', pipeline(slow, echo())],
  ])('is refused with %s, when it is made', (_, subject) => {
    expect(() => serve(subject as AnyPipeline)).toThrow(InvalidPipelineError)
  })
})
