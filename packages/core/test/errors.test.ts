import { describe, expect, test } from 'vitest'
import * as errors from '../src/errors/index.ts'
import { formatAddress } from '../src/index.ts'

const address = { address: '127.0.0.1', port: 10000, family: 'IPv4' } as const
const site = { plugin: 'codec', direction: 'inbound', phase: 'push', remoteAddress: address, offset: 42 } as const
const cause = Object.assign(new Error('the system'), { code: 'ECONNREFUSED' })

const MADE: readonly errors.MillraceError[] = [
  new errors.BufferOverflowError('the write queue', 10),
  new errors.CertificateError('127.0.0.1:1', 'expired'),
  new errors.ConnectError('127.0.0.1:1', { cause }),
  new errors.ConnectTimeoutError('127.0.0.1:1', 10),
  new errors.ConnectionAbortedError(),
  new errors.ConnectionBusyError(),
  new errors.ConnectionClosedError(),
  new errors.ConnectionResetError(address, { cause }),
  new errors.ConnectionTruncatedError(address),
  new errors.CorruptFrameError('no length'),
  new errors.DatagramTooLargeError(70_000, 65_507),
  new errors.DrainTimeoutError(10),
  new errors.FrameTooLongError(10, 11),
  new errors.FrameRefusedError('no'),
  new errors.FrameTimeoutError(10),
  new errors.RequestLimitError(10),
  new errors.RequestTimeoutError(10),
  new errors.HalfCloseUnsupportedError('udp'),
  new errors.HandshakeTimeoutError(10),
  new errors.IdleTimeoutError(10),
  new errors.InvalidMessageError([{ message: 'no', path: ['a'] }], { offset: 3 }),
  new errors.InvalidOptionError('chunker.size', 'an integer', 'x'),
  new errors.InvalidPipelineError('no'),
  new errors.ListenError('tcp 127.0.0.1:1', { cause: Object.assign(new Error(), { code: 'EADDRINUSE' }) }),
  new errors.PluginBuildError('codec', 'no'),
  new errors.PluginError(site, cause),
  new errors.PushLimitError(10),
  new errors.ServerBusyError('no'),
  new errors.ServerStateError('no'),
  new errors.TlsError('the handshake failed', address, { cause }),
  new errors.UnexpectedEndError(10),
  new errors.UnknownPluginError('ehco', 'echo'),
  new errors.UpgradeError('plaintext', 'no'),
  new errors.WriteTimeoutError(10),
]

describe('every error', () => {
  const named = MADE.map((error) => [error.name, error] as const)

  test.each(named)('%s has its own name and code, and says something', (name, error) => {
    expect(error).toBeInstanceOf(errors.MillraceError)
    expect(name).toBe(error.constructor.name)
    expect(error.code).toMatch(/^MILLRACE_ERR_[A-Z_]+$/)
    expect(error.message).not.toMatch(/undefined|\[object/)
    expect(String(error)).toContain(name)
  })

  test('has a code that no other class has', () => {
    expect(new Set(MADE.map(({ code }) => code)).size).toBe(MADE.length)
  })

  test('of those that are exported is made here', () => {
    const classes = Object.entries(errors).filter(([name]) => !['MillraceError', 'FrameError'].includes(name))
    expect(MADE.map(({ name }) => name).toSorted()).toEqual(classes.map(([name]) => name).toSorted())
  })
})

describe('a FrameError', () => {
  test('tells where, if it is known', () => {
    expect(new errors.FrameTooLongError(10, 11, { offset: 7 })).toMatchObject({ limit: 10, received: 11, offset: 7 })
    expect(new errors.UnexpectedEndError(3, { offset: 0 })).toMatchObject({ received: 3, offset: 0 })
    expect(new errors.CorruptFrameError('no', { offset: 5, cause })).toMatchObject({ offset: 5, cause })
    expect(new errors.CorruptFrameError('no').offset).toBeUndefined()
  })

  test('about a message keeps the issues out of its own words', () => {
    const error = new errors.InvalidMessageError([{ message: 'secret', path: ['key'] }])
    expect(error.issues).toEqual([{ message: 'secret', path: ['key'] }])
    expect(error.message).not.toMatch(/secret|key/)
  })
})

describe('a PluginError', () => {
  test('names plugin, phase, direction, remote address and offset, and keeps the cause', () => {
    const error = new errors.PluginError(site, cause)
    expect(error).toMatchObject({ ...site, cause })
    expect(error.message).toBe(
      'plugin "codec" failed in push (inbound from 127.0.0.1:10000, byte 42): Error: the system',
    )
  })

  test.each([[undefined, 'undefined'], [null, 'null'], ['secret', 'string'], [{ secret: 1 }, 'object']])(
    'tells the type of what was thrown where it is no Error, and not its contents: %j',
    (thrown, type) => {
      const { message } = new errors.PluginError(site, thrown)
      expect(message).toContain(`threw ${type}`)
      expect(message).not.toContain('secret')
    },
  )
})

test.each([
  ['x', '"x"'],
  [5, '5'],
  [5n, '5n'],
  [null, 'null'],
  [[1], 'an array'],
  [{}, 'an object'],
  [() => {}, 'a function'],
  ['y'.repeat(100), `"${'y'.repeat(60)}…"`],
])('an InvalidOptionError shows what came: %s', (received, shown) => {
  const error = new errors.InvalidOptionError('it', 'something', received)
  expect(error.message).toBe(`option "it" must be something, not ${shown}`)
})

test.each([
  [address, '127.0.0.1:10000'],
  [{ address: '::1', port: 53, family: 'IPv6' }, '[::1]:53'],
  [{ address: '/run/it.sock', port: 0, family: 'unix' }, '/run/it.sock'],
  [{ address: '', port: 0, family: 'unix' }, 'unix'],
] as const)('formatAddress writes %o as %s', (given, text) => {
  expect(formatAddress(given)).toBe(text)
})
