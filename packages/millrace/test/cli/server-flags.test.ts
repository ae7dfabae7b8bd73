import { describe, expect, test } from 'vitest'
import { TCP_LISTEN_OPTIONS, TCP_SERVER_OPTIONS, TLS_SERVER_OPTIONS } from '@millrace/tcp'
import { UDP_LISTEN_OPTIONS, UDP_SERVER_OPTIONS } from '@millrace/udp'
import { SERVER_FLAGS } from '../../src/cli/server-flags.ts'

describe('SERVER_FLAGS', () => {
  test('has every option of every server and of listen that text can give', () => {
    const tcp = { ...TCP_LISTEN_OPTIONS, ...TCP_SERVER_OPTIONS, ...TLS_SERVER_OPTIONS }
    const all = { ...tcp, ...UDP_LISTEN_OPTIONS, ...UDP_SERVER_OPTIONS }
    const textual = Object.entries(all).flatMap(([name, { type }]) => (type === 'code' ? [] : [name]))
    const expected = textual.filter((name) => !['port', 'host', 'path'].includes(name))
    expect([...SERVER_FLAGS.values()].map(({ option }) => option).toSorted()).toEqual(expected.toSorted())
  })

  test.each([
    ['max-connections-per-address', 'maxConnectionsPerAddress', ['tcp', 'tls', 'unix']],
    ['multicast-ttl', 'multicastTTL', ['udp']],
    ['ipv6-only', 'ipv6Only', ['tcp', 'tls', 'udp']],
    ['no-delay', 'noDelay', ['tcp', 'tls']],
    ['readable-all', 'readableAll', ['unix']],
    ['drain-timeout', 'drainTimeout', ['tcp', 'tls', 'udp', 'unix']],
    ['handshake-timeout', 'handshakeTimeout', ['tls']],
  ])('calls %s what code calls %s, for the listeners that know it', (flag, option, kinds) => {
    expect(SERVER_FLAGS.get(flag)?.option).toBe(option)
    expect([...(SERVER_FLAGS.get(flag)?.descriptions.keys() ?? [])]).toEqual(kinds)
  })

  test('has no flag for what only code can give', () => {
    for (const name of ['container', 'signal', 'lookup', 'memberships']) expect(SERVER_FLAGS.has(name)).toBe(false)
  })
})
