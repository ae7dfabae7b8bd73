import {
  buildPipeline,
  definePlugin,
  InvalidOptionError,
  InvalidPipelineError,
  pipeline,
  StatelessRun,
} from '@millrace/core'
import { embed, type Embedded, VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { connectionGuard, type ConnectionGuardOptions, echo } from '../../src/index.ts'
import { ip } from './addresses.ts'
import { shared } from './shared.ts'

type Connection = Embedded<unknown, unknown>

/** Connects peers to one guard. */
function guarded(options: ConnectionGuardOptions, clock = new VirtualClock()): (address: string) => Connection {
  const guard = shared(connectionGuard(options), clock)
  return (address) => embed(pipeline(guard, echo()), { remoteAddress: ip(address), clock }) as unknown as Connection
}

/** What a connection was told where it was turned away. */
const refusal = ({ events: [event] }: Connection): string | undefined =>
  event?.type === 'connection-refused' ? event.detail.replace('connection-guard: ', '') : undefined

describe('connectionGuard', () => {
  test('bounds what is open in all, and counts what has gone out again', () => {
    const connect = guarded({ maxConnections: 2 })
    const first = connect('192.0.2.1')
    connect('192.0.2.2')
    expect(refusal(connect('192.0.2.3'))).toBe('2 connections are open')
    first.close()
    expect(refusal(connect('192.0.2.3'))).toBeUndefined()
    expect(refusal(connect('192.0.2.4'))).toBe('2 connections are open')
  })

  test('bounds what is open from one address', () => {
    const connect = guarded({ maxPerAddress: 1 })
    const first = connect('192.0.2.1')
    expect(refusal(connect('::ffff:192.0.2.1'))).toBe('1 connections are open from its address')
    expect(refusal(connect('192.0.2.2'))).toBeUndefined()
    first.reset()
    expect(refusal(connect('192.0.2.1'))).toBeUndefined()
  })

  test.each([
    [64, '2001:db8::1', '2001:db8::ffff:0:0:2', true],
    [64, '2001:db8::1', '2001:db8:0:1::1', false],
    [128, '2001:db8::1', '2001:db8::2', false],
    [61, '2001:db8::1', '2001:db8:0:7::1', true],
    [61, '2001:db8::1', '2001:db8:0:8::1', false],
    [1, '2001:db8::1', '7fff::1', true],
    [1, '2001:db8::1', '8000::1', false],
  ])('takes addresses with the same %i bits for one: %s and %s, %o', (ipv6Prefix, one, other, same) => {
    const connect = guarded({ maxPerAddress: 1, ipv6Prefix })
    connect(one)
    expect(refusal(connect(other)) !== undefined).toBe(same)
  })

  test('bounds how many begin in a second', () => {
    const clock = new VirtualClock()
    const connect = guarded({ maxPerSecond: 2 }, clock)
    connect('192.0.2.1')
    connect('192.0.2.1')
    expect(refusal(connect('192.0.2.2'))).toBe('2 connections have begun in a second')
    clock.advance(500)
    expect(refusal(connect('192.0.2.2'))).toBeUndefined()
    expect(refusal(connect('192.0.2.2'))).toBeDefined()
    clock.advance(10_000)
    expect([1, 2, 3].map(() => refusal(connect('192.0.2.2')) === undefined)).toEqual([true, true, false])
  })

  test('counts nothing that a plugin after it turns away', () => {
    let refuse = true
    const clock = new VirtualClock()
    const guard = shared(connectionGuard({ maxConnections: 1, maxPerSecond: 1 }), clock)
    const moody = definePlugin({ name: 'moody', accept: () => (refuse ? { refuse: 'no' } : undefined), open: () => ({}) })
    const connect = (): Connection => embed(pipeline(guard, moody(), echo()), { clock }) as unknown as Connection
    for (let i = 0; i < 3; i++) expect(refusal(connect())).toBe('moody: no')
    refuse = false
    expect(refusal(connect())).toBeUndefined()
  })

  test('counts peers without an IP address in all', () => {
    const clock = new VirtualClock()
    const guard = shared(connectionGuard({ maxConnections: 3, maxPerAddress: 1 }), clock)
    const remoteAddress = { address: '', port: 0, family: 'unix' } as const
    const connect = (): string | undefined => refusal(embed(pipeline(guard, echo()), { remoteAddress, clock }) as unknown as Connection)
    expect([connect(), connect(), connect()]).toEqual([undefined, undefined, undefined])
    expect(connect()).toBe('3 connections are open')
  })

  test('behind a gate counts the client that the gate has found', () => {
    const clock = new VirtualClock()
    const guard = shared(connectionGuard({ maxPerAddress: 1 }), clock)
    let client = 1
    const gate = definePlugin({
      name: 'gate', gates: true, open: ({ proceed }) => (proceed({ remoteAddress: ip(`192.0.2.${client}`) }), {}),
    })
    const connect = (): Connection =>
      embed(pipeline(gate(), guard, echo()), { remoteAddress: ip('127.0.0.1'), clock }) as unknown as Connection
    const first = connect()
    expect(connect().closed).toEqual({ initiator: 'local' })
    client = 2
    expect(connect().closed).toBeUndefined()
    client = 1
    first.close()
    expect(connect().closed).toBeUndefined()
  })

  test('has nothing to count in stateless serving', () => {
    const built = buildPipeline(pipeline(connectionGuard(), echo()))
    const options = { localAddress: ip('127.0.0.1'), clock: new VirtualClock(), maxPushBytes: 1, report: () => {}, send: () => {} }
    expect(() => new StatelessRun(built, options)).toThrow(InvalidPipelineError)
  })

  test.each([[{ maxConnections: 0 }], [{ maxPerAddress: 1.5 }], [{ ipv6Prefix: 129 }], [{ maxPerSecond: '1' }], [{ max: 1 }]])(
    'refuses %j',
    (options) => {
      expect(() => connectionGuard(options as ConnectionGuardOptions)).toThrow(InvalidOptionError)
    },
  )
})
