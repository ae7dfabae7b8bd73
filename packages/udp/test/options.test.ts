import { InvalidOptionError } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { resolveConnectOptions } from '../src/client/connect-options.ts'
import { resolveListenOptions } from '../src/server/listen-options.ts'
import { resolveServerOptions } from '../src/server/server-options.ts'
import { HAS_REUSE_PORT } from '../src/socket-options.ts'

const refused = (resolve: () => unknown): string => {
  try {
    resolve()
  } catch (error) {
    if (error instanceof InvalidOptionError) return error.option
    throw error
  }
  return 'nothing'
}

describe('resolveListenOptions', () => {
  test('fills in the defaults', () => {
    expect(resolveListenOptions()).toEqual({
      port: 0,
      host: '127.0.0.1',
      exclusive: false,
      ipv6Only: false,
      reuseAddr: false,
      reusePort: false,
      recvBufferSize: 4_194_304,
      broadcast: false,
    })
  })

  test.each([
    ['listen.port', { port: 65_536 }],
    ['listen.port', { port: -1 }],
    ['listen.port', { port: '80' }],
    ['listen.host', { host: '' }],
    ['listen.hots', { hots: '::' }],
    ['listen.type', { type: 'udp5' }],
    ['listen.ttl', { ttl: 0 }],
    ['listen.recvBufferSize', { recvBufferSize: 0 }],
    ['listen.signal', { signal: {} }],
    ['listen.memberships', { memberships: '239.1.2.3' }],
    ['listen.memberships', { memberships: ['192.0.2.1'] }],
    ['listen.memberships', { memberships: ['fe80::1'] }],
    ['listen.memberships', { memberships: [{ groupAddress: '239.1.2.3', sourceAddress: 7 }] }],
  ])('refuses a bad %s: %o', (option, given) => {
    expect(refused(() => resolveListenOptions(given as never))).toBe(option)
  })

  const specific = { groupAddress: '232.1.1.1', sourceAddress: '192.0.2.1' }
  test.each([['224.0.0.1'], ['239.255.255.255'], ['ff02::1'], [specific]])(
    'takes %o for a multicast group',
    (group) => {
      expect(refused(() => resolveListenOptions({ memberships: [group] }))).toBe('nothing')
    },
  )

  test('refuses reusePort on a Node that would leave it out without a word', () => {
    const expected = HAS_REUSE_PORT ? 'nothing' : 'listen.reusePort'
    expect(refused(() => resolveListenOptions({ reusePort: true }))).toBe(expected)
  })

  test('leaves the object it was given as it is', () => {
    const given = Object.freeze({ port: 5 })
    expect(resolveListenOptions(given)).not.toBe(given)
  })
})

describe('resolveConnectOptions', () => {
  test('asks for the port', () => {
    expect(refused(() => resolveConnectOptions({} as never))).toBe('connectUdp.port')
    expect(refused(() => resolveConnectOptions({ port: 0 }))).toBe('connectUdp.port')
    expect(resolveConnectOptions({ port: 1 })).toMatchObject({ host: '127.0.0.1', localPort: 0, idleTimeout: 60_000 })
  })
})

describe('resolveServerOptions', () => {
  test('fills in the defaults', () => {
    expect(resolveServerOptions()).toEqual({
      stateless: false,
      maxSessions: 10_000,
      maxSessionsPerAddress: 64,
      maxNewSessionsPerSecond: 1_000,
      sessionIdleTimeout: 30_000,
      maxSessionQueue: 64,
      maxSendQueue: 4_194_304,
      maxReplyRatio: 3,
      maxReplyDatagrams: 256,
      highWaterMark: 262_144,
      maxWriteBuffer: 67_108_864,
      maxPushBytes: 16_777_216,
      acceptBacklog: 128,
      drainTimeout: 15_000,
    })
  })

  test.each([
    ['createUdpServer.maxSession', { maxSession: 1 }],
    ['createUdpServer.maxSessions', { maxSessions: 0 }],
    ['createUdpServer.maxReplyRatio', { maxReplyRatio: -1 }],
    ['createUdpServer.maxReplyRatio', { maxReplyRatio: Number.NaN }],
    ['createUdpServer.sessionIdleTimeout', { sessionIdleTimeout: 1.5 }],
    ['createUdpServer.stateless', { stateless: 'yes' }],
    ['createUdpServer.container', { container: {} }],
  ])('refuses a bad %s: %o', (option, given) => {
    expect(refused(() => resolveServerOptions(given as never))).toBe(option)
  })
})
