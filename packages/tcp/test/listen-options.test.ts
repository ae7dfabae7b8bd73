import { resolveOptions } from '@millrace/core'
import { expect, test } from 'vitest'
import { TCP_CONNECT_OPTIONS, TCP_LISTEN_OPTIONS, TCP_SERVER_OPTIONS } from '../src/index.ts'
import { hasReusePort, resolveListenOptions } from '../src/server/listen-options.ts'

test.each([
  ['20.19.0', false],
  ['22.11.0', false],
  ['22.12.0', true],
  ['23.0.0', false],
  ['23.1.0', true],
  ['26.0.0', true],
])('hasReusePort knows that Node %s: %s', (version, has) => {
  expect(hasReusePort(version)).toBe(has)
})

test('reusePort is refused where Node would forget it, and passed on where not', () => {
  const resolve = () => resolveListenOptions({ reusePort: true })
  if (hasReusePort(process.versions.node)) expect(resolve()).toMatchObject({ reusePort: true })
  else expect(resolve).toThrow(expect.objectContaining({ option: 'listen.reusePort' }))
})

test('the defaults are those the documentation states', () => {
  expect(resolveOptions('listen', TCP_LISTEN_OPTIONS)).toEqual({
    port: 0,
    host: '127.0.0.1',
    backlog: 511,
    exclusive: false,
    ipv6Only: false,
    reusePort: false,
    readableAll: false,
    writableAll: false,
  })
  expect(resolveOptions('createTcpServer', TCP_SERVER_OPTIONS)).toMatchObject({
    noDelay: true,
    keepAlive: false,
    keepAliveInitialDelay: 0,
    maxConnections: 10_000,
    idleTimeout: 60_000,
  })
  expect(resolveOptions('connectTcp', TCP_CONNECT_OPTIONS)).toMatchObject({
    host: '127.0.0.1',
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 250,
    connectTimeout: 10_000,
    noDelay: true,
  })
})
