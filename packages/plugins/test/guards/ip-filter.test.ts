import { Buffer } from 'node:buffer'
import {
  buildPipeline,
  definePlugin,
  FrameRefusedError,
  InvalidOptionError,
  pipeline,
  type ServerEvent,
  StatelessRun,
} from '@millrace/core'
import { embed, VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { echo, ipFilter, type IpFilterOptions } from '../../src/index.ts'
import { textOf } from '../drive.ts'
import { ip } from './addresses.ts'

/** Whether a peer is let in. */
function letsIn(options: IpFilterOptions, address: string): boolean {
  const { events } = embed(pipeline(ipFilter(options), echo()), { remoteAddress: ip(address) })
  return events[0]?.type === 'connection-opened'
}

describe('ipFilter', () => {
  test.each<[IpFilterOptions, Record<string, boolean>]>([
    [{ allow: '10.0.0.0/8|::1' }, { '10.255.0.1': true, '11.0.0.1': false, '::1': true, '::2': false }],
    [{ deny: ['192.0.2.0/25', '2001:db8::/33'] }, { '192.0.2.127': false, '192.0.2.128': true, '2001:db8:7fff::1': false, '2001:db8:8000::1': true }],
    [{ allow: '10.0.0.0/8', deny: '10.1.0.0/16' }, { '10.0.0.1': true, '10.1.0.1': false, '11.0.0.1': false }],
    [{ allow: '10.1.0.1', deny: '10.1.0.0/16', first: 'allow' }, { '10.1.0.1': true, '10.1.0.2': false }],
    [{ deny: '0.0.0.0/0' }, { '10.0.0.1': false, '::1': true, '::ffff:10.0.0.1': false }],
    [{ deny: '::/0' }, { '::1': false, '10.0.0.1': true }],
    [{ allow: '10.1.2.3/8' }, { '10.9.9.9': true }],
  ])('%j', (options, expected) => {
    for (const [address, allowed] of Object.entries(expected)) expect.soft(letsIn(options, address), address).toBe(allowed)
  })

  test('takes a mapped IPv4 address for what it is, in lists and in peers', () => {
    for (const list of ['192.0.2.0/24', '::ffff:192.0.2.0/120', '::ffff:c000:0200/120']) {
      for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207']) {
        expect.soft(letsIn({ allow: list }, address), `${list} ${address}`).toBe(true)
        expect.soft(letsIn({ deny: list }, address), `${list} ${address}`).toBe(false)
      }
      expect(letsIn({ allow: list }, '192.0.3.7')).toBe(false)
    }
  })

  test('minds no zone', () => {
    expect(letsIn({ allow: 'fe80::/10' }, 'fe80::1%eth0')).toBe(true)
    expect(letsIn({ deny: 'fe80::1%eth0' }, 'fe80::1%eth1')).toBe(false)
  })

  test('refuses with a reason that is no more than that', () => {
    const { events, closed } = embed(pipeline(ipFilter({ deny: '::/0' }), echo()), { remoteAddress: ip('::1') })
    expect(events).toEqual([expect.objectContaining({
      type: 'connection-refused', reason: 'plugin', detail: 'ip-filter: its address is not let in',
    })])
    expect(closed).toBeDefined()
  })

  test('lets peers without an IP address in', () => {
    const remoteAddress = { address: '', port: 0, family: 'unix' } as const
    expect(embed(pipeline(ipFilter({ allow: '::1' }), echo()), { remoteAddress }).closed).toBeUndefined()
  })

  test('passes what comes and goes as it is', () => {
    const embedded = embed(ipFilter({ deny: '192.0.2.1' }), { datagram: true, poison: true })
    embedded.writeInbound(Buffer.from('a'), Buffer.alloc(0))
    expect(textOf(embedded.inbound)).toBe('a')
    expect(embedded.inbound).toHaveLength(2)
  })

  test('behind a gate looks at the address that the gate has found', () => {
    const gate = definePlugin({ name: 'gate', gates: true, open: ({ proceed }) => (proceed({ remoteAddress: ip('192.0.2.1') }), {}) })
    const of = (options: IpFilterOptions): unknown =>
      embed(pipeline(gate(), ipFilter(options), echo()), { remoteAddress: ip('127.0.0.1') }).closed
    expect(of({ allow: '192.0.2.1' })).toBeUndefined()
    expect(of({ allow: '127.0.0.1' })).toEqual({ initiator: 'local' })
  })

  test('drops and counts datagrams one by one in stateless serving', () => {
    const events: ServerEvent[] = []
    const sent: number[] = []
    const run = new StatelessRun(buildPipeline(pipeline(ipFilter({ deny: '192.0.2.0/24' }), echo())), {
      localAddress: ip('127.0.0.1'),
      clock: new VirtualClock(),
      maxPushBytes: 1000,
      report: (event) => void events.push(event),
      send: (_, { port }) => void sent.push(port),
    })
    run.receive(Buffer.from('a'), ip('192.0.2.1', 1))
    run.receive(Buffer.from('b'), ip('192.0.3.1', 2))
    run.receive(Buffer.from('c'), ip('192.0.2.1', 3))
    run.close()
    expect(sent).toEqual([2])
    const dropped = events.flatMap((event) => (event.type === 'frame-dropped' ? [event] : []))
    expect(dropped.map(({ plugin, error }) => [plugin, error.constructor])).toEqual([
      ['ip-filter', FrameRefusedError], ['ip-filter', FrameRefusedError],
    ])
  })

  test.each([
    [{}], [{ allow: '' }], [{ allow: [] }], [{ allow: '10.0.0.0/8|' }], [{ deny: 'localhost' }], [{ deny: '10.0.0.0/33' }],
    [{ deny: '::/129' }], [{ deny: '10.0.0.0/-1' }], [{ deny: '10.0.0.0/8/8' }], [{ deny: '10.0.0.0/' }], [{ deny: '1.2.3' }],
    [{ first: 'both' }], [{ allow: 7 }], [{ alow: '::1' }], ['::1'], [null],
  ])('refuses %j', (options) => {
    expect(() => ipFilter(options as IpFilterOptions)).toThrow(InvalidOptionError)
  })

  test('names the option and the entry', () => {
    const refusal = { option: 'ip-filter.deny', received: '10.0.0.0/40' }
    expect(() => ipFilter({ deny: ['::1', '10.0.0.0/40'] })).toThrow(expect.objectContaining(refusal))
  })
})
