import { describe, expect, test } from 'vitest'
import {
  CLOCK,
  ConnectionAbortedError,
  ConnectionResetError,
  createContainer,
  definePlugin,
  handle,
  IdleTimeoutError,
  LOGGER,
  pipeline,
  PluginError,
} from '../src/index.ts'
import { embed, recordingLogger } from '../src/testing/index.ts'
import { encode, lines, tag, textOf } from './support/plugins.ts'

describe('an embedded pipeline', () => {
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
    expect(embedded.connection.bytesRead).toBe(0)
    release?.()
    expect(embedded.reading).toBe(true)
    expect(textOf(embedded.inbound)).toBe('a')
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
    expect(textOf(embedded.outbound)).toBe('late')
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
    const closing = embed(tag('a'))
    closing.close()
    expect(closing.closed).toEqual({ initiator: 'local' })
    expect(textOf(closing.outbound)).toBe('A')
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
    expect(textOf(embedded.outbound)).toBe('12\n34\n')
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
    expect(textOf(embedded.outbound)).toBe('bye')
  })

  test('asks accept first, and opens nothing for one that is refused', () => {
    const guard = definePlugin({
      name: 'guard',
      accept: ({ remoteAddress }) => (remoteAddress.port === 66 ? { refuse: 'not this one' } : undefined),
      open: () => expect.unreachable(),
    })
    const embedded = embed(guard(), { remoteAddress: { address: '192.0.2.1', port: 66, family: 'IPv4' } })
    expect(embedded.events).toMatchObject(
      [{ type: 'connection-refused', reason: 'plugin', detail: 'guard: not this one' }],
    )
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
