import { describe, expect, test } from 'vitest'
import {
  type AsyncStage,
  CLOCK,
  CorruptFrameError,
  ConnectionAbortedError,
  ConnectionResetError,
  createContainer,
  definePlugin,
  handle,
  IdleTimeoutError,
  LOGGER,
  pipeline,
  PluginError,
  respond,
} from '../src/index.ts'
import { chunksOf, embed, everySplit, joined, recordingLogger } from '../src/testing/index.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (chunks: readonly Uint8Array[]): string => new TextDecoder().decode(joined(chunks))

const upper = definePlugin({
  name: 'upper',
  open: () => ({ inbound: { push: (chunk: Uint8Array, emit) => emit(encode(decode([chunk]).toUpperCase())) } }),
})

/** Lines of text, and back. */
const lines = definePlugin<Uint8Array, string, string, Uint8Array, Record<never, never>, Record<never, never>, 'message'>({
  name: 'lines',
  produces: 'message',
  open: () => {
    let rest = ''
    const push = (chunk: Uint8Array, emit: (line: string) => void): void => {
      const parts = (rest + decode([chunk])).split('\n')
      rest = parts.pop() as string
      for (const part of parts) emit(part)
    }
    return { inbound: { push }, outbound: { push: (line, emit) => emit(encode(`${line}\n`)), end: (emit) => emit(encode('.')) } }
  },
})

/** Numbers of strings, and back: no bytes at either end. */
const numbers = definePlugin<string, number, number, string, Record<never, never>, Record<never, never>, 'message'>({
  name: 'numbers',
  accepts: 'message',
  produces: 'message',
  open: () => ({ inbound: { push: (text, emit) => emit(Number(text)) }, outbound: { push: (n, emit) => emit(String(n)) } }),
})

describe('embed', () => {
  test('gives what a single plugin makes of what comes in, in the same turn, however it is cut', () => {
    for (const chunks of everySplit(encode('abcdef'))) {
      const embedded = embed(upper())
      embedded.writeInbound(...chunks)
      expect(decode(embedded.inbound)).toBe('ABCDEF')
    }
  })

  test('gives what a plugin makes of what is written, and its last word', () => {
    const embedded = embed(lines())
    expect(embedded.writeOutbound('one')).toBe(true)
    expect(embedded.readOutbound()).toEqual(encode('one\n'))
    expect(embedded.readOutbound()).toBeUndefined()
    embedded.endOutbound()
    expect(decode(embedded.outbound)).toBe('.')
    expect(embedded.outboundEnded).toBe(true)
    expect(embedded.closed).toBeUndefined()
  })

  test('takes and gives items that are no bytes where the plugin does', () => {
    const embedded = embed(numbers())
    embedded.writeInbound('1', '2')
    embedded.writeOutbound(3)
    expect(embedded.inbound).toEqual([1, 2])
    expect(embedded.readInbound()).toBe(1)
    expect(embedded.outbound).toEqual(['3'])
  })

  test('runs a pipeline with a handler, for whose awaits one waits', async () => {
    const shout = pipeline(lines(), respond<string, string>(async (line) => line.toUpperCase()))
    const embedded = embed(shout)
    embedded.writeInbound(...chunksOf(encode('one\ntwo\n'), 3))
    await embedded.settled()
    expect(decode(embedded.outbound)).toBe('ONE\nTWO\n')
    embedded.endInbound()
    await embedded.settled()
    expect(embedded.outboundEnded).toBe(true)
    expect(embedded.closed).toEqual({ initiator: 'remote' })
    expect(embedded.events.map(({ type }) => type)).toEqual(['connection-opened', 'connection-closed'])
  })

  test('runs an AsyncStage, which may wait for the virtual clock', async () => {
    const slow = definePlugin({
      name: 'slow',
      open: ({ clock }) => {
        const inbound: AsyncStage<Uint8Array, Uint8Array> = async function* (source) {
          for await (const chunk of source) {
            await new Promise<void>((resolve) => void clock.schedule(resolve, 200))
            yield chunk
          }
        }
        return { inbound }
      },
    })
    const embedded = embed(slow())
    embedded.writeInbound(encode('a'))
    await embedded.settled()
    expect(embedded.inbound).toEqual([])
    embedded.clock.advance(200)
    await embedded.settled()
    expect(decode(embedded.inbound)).toBe('a')
  })

  test('is a datagram connection where asked: a bad datagram is dropped and reported, the next one goes through', () => {
    const strict = definePlugin({
      name: 'strict',
      open: () => ({
        inbound: {
          push: (datagram: Uint8Array, emit) => {
            if (datagram[0] === 0) throw new CorruptFrameError('begins with 0')
            emit(datagram)
          },
        },
      }),
    })
    const embedded = embed(strict(), { datagram: true })
    embedded.writeInbound(Uint8Array.of(0), Uint8Array.of(), Uint8Array.of(1))
    expect(embedded.inbound).toEqual([Uint8Array.of(), Uint8Array.of(1)])
    expect(embedded.events.map(({ type }) => type)).toEqual(['connection-opened', 'frame-dropped'])
    expect(embedded.error).toBeUndefined()
  })

  test('holds what comes in back while a plugin does', () => {
    let release: (() => void) | undefined
    const holding = definePlugin({
      name: 'holding',
      open: (context) => {
        release = context.hold()
        return {}
      },
    })
    const embedded = embed(holding())
    embedded.writeInbound(encode('a'))
    expect(embedded.reading).toBe(false)
    expect(embedded.inbound).toEqual([])
    release?.()
    expect(embedded.reading).toBe(true)
    expect(decode(embedded.inbound)).toBe('a')
  })

  test('shows what timers bring about as soon as its clock has moved', () => {
    const greeter = definePlugin({
      name: 'greeter',
      open: (context) => {
        context.clock.schedule(() => context.emitOutbound(encode('late')), 1000)
        return {}
      },
    })
    const embedded = embed(greeter(), { idleTimeout: 5000 })
    embedded.clock.advance(1000)
    expect(decode(embedded.outbound)).toBe('late')
    embedded.clock.advance(5000)
    expect(embedded.error).toBeInstanceOf(IdleTimeoutError)
  })

  test('tells a failure as a server would: once, with the plugin and the place', () => {
    const boom = definePlugin({
      name: 'boom',
      open: () => ({
        inbound: {
          push: () => {
            throw new RangeError('no')
          },
        },
      }),
    })
    const embedded = embed(boom())
    embedded.writeInbound(encode('abc'))
    const error = embedded.error as PluginError
    expect(error).toBeInstanceOf(PluginError)
    expect(error).toMatchObject({ plugin: 'boom', direction: 'inbound', phase: 'push', offset: 0 })
    expect(embedded.events.filter((event) => 'error' in event)).toHaveLength(1)
  })

  test('closes, aborts and is reset', () => {
    const closing = embed(lines())
    closing.close()
    expect(closing.closed).toEqual({ initiator: 'local' })
    expect(decode(closing.outbound)).toBe('.')
    const aborting = embed(lines())
    aborting.abort('why')
    expect(aborting.error).toBeInstanceOf(ConnectionAbortedError)
    const reset = embed(lines())
    reset.reset()
    expect(reset.error).toBeInstanceOf(ConnectionResetError)
    expect(reset.closed?.initiator).toBe('remote')
  })

  test('lets the peer take nothing: what is written waits, and draining with it', async () => {
    const embedded = embed(lines(), { highWaterMark: 4 })
    embedded.clog()
    expect(embedded.writeOutbound('12')).toBe(true)
    expect(embedded.writeOutbound('34')).toBe(false)
    expect(embedded.outbound).toEqual([])
    const drained = embedded.connection.drain()
    embedded.unclog()
    await drained
    expect(decode(embedded.outbound)).toBe('12\n34\n')
    expect(embedded.writeOutbound('5')).toBe(true)
  })

  test('tells a handler that the server drains', async () => {
    const embedded = embed(
      pipeline(
        handle(async (connection) => {
          await new Promise((resolve) => connection.draining.addEventListener('abort', resolve))
          connection.write(encode('bye'))
        }),
      ),
    )
    await embedded.settled()
    embedded.beginDraining()
    await embedded.settled()
    expect(decode(embedded.outbound)).toBe('bye')
  })

  test('asks accept first, and opens nothing for one that is refused', () => {
    const guard = definePlugin({
      name: 'guard',
      accept: ({ remoteAddress }) => (remoteAddress.port === 66 ? { refuse: 'not this one' } : undefined),
      open: () => expect.unreachable(),
    })
    const embedded = embed(guard(), { remoteAddress: { address: '192.0.2.1', port: 66, family: 'IPv4' } })
    expect(embedded.events).toMatchObject([{ type: 'connection-refused', reason: 'plugin', detail: 'guard: not this one' }])
    expect(embedded.closed).toEqual({ initiator: 'local' })
  })

  test('gives its own clock and a logger that remembers, or the container\'s logger', () => {
    const logged = definePlugin({
      name: 'logged',
      inject: { log: LOGGER, clock: CLOCK },
      open: (_context, _options, { log, clock }) => {
        log.info({ now: clock.now() }, 'opened')
        return {}
      },
    })
    expect(embed(logged()).logs).toEqual([{ level: 'info', fields: { now: 0 }, message: 'opened' }])
    const container = createContainer()
    const logger = recordingLogger()
    container.register(LOGGER, { useValue: logger })
    expect(embed(logged(), { container }).logs).toEqual([])
    expect(logger.lines).toHaveLength(1)
  })

  test('disposes of the plugins when the connection is gone', async () => {
    let disposed = 0
    const held = definePlugin({ name: 'held', open: () => ({}), dispose: () => void disposed++ })
    const embedded = embed(held())
    expect(disposed).toBe(0)
    embedded.close()
    await embedded.settled()
    expect(disposed).toBe(1)
  })
})

describe('embed with poison', () => {
  const passing = (borrows: boolean): ReturnType<typeof upper> =>
    definePlugin({ name: 'passing', open: () => ({ inbound: { push: (chunk: Uint8Array, emit) => emit(chunk), borrows } }) })()

  test('overwrites what a stage that promised to keep nothing passes on all the same', () => {
    const embedded = embed(passing(true), { poison: true })
    embedded.writeInbound(Uint8Array.of(1, 2))
    expect(embedded.inbound).toEqual([Uint8Array.of(0xdb, 0xdb)])
  })

  test('leaves alone a stage that promises nothing, and the bytes of whoever wrote them', () => {
    const given = Uint8Array.of(1, 2)
    const honest = embed(passing(false), { poison: true })
    const liar = embed(passing(true), { poison: true })
    honest.writeInbound(given)
    liar.writeInbound(given)
    expect(honest.inbound).toEqual([given])
    expect([...given]).toEqual([1, 2])
    expect(embed(passing(true)).inbound).toEqual([])
  })
})
