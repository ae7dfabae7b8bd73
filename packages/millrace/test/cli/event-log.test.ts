import { inspect } from 'node:util'
import { type ConnectionInfo, ConnectionResetError, CorruptFrameError, PluginError, type SocketAddress } from '@millrace/core'
import { recordingLogger, type RecordingLogger, VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { EventLog } from '../../src/cli/event-log.ts'

const remoteAddress: SocketAddress = { address: '127.0.0.1', port: 5, family: 'IPv4' }
const connection: ConnectionInfo = {
  id: 'tcp-7',
  transport: 'tcp',
  datagram: false,
  localAddress: remoteAddress,
  remoteAddress,
  bytesRead: 12,
  bytesWritten: 3,
}

function setUp(): { logger: RecordingLogger; clock: VirtualClock; log: EventLog } {
  const logger = recordingLogger()
  const clock = new VirtualClock()
  return { logger, clock, log: new EventLog(logger, clock) }
}

const failure = (cause: unknown): PluginError =>
  new PluginError({ plugin: 'boom', direction: 'inbound', phase: 'push', remoteAddress, offset: 9 }, cause)

const closed = (error?: Error) =>
  ({ type: 'connection-closed', connection, initiator: 'local', duration: 1.6, ...(error && { error }) }) as const

describe('EventLog', () => {
  test('writes one line for a connection that a plugin failed', () => {
    const { logger, log } = setUp()
    log.handle(closed(failure(new Error('no\nforged \u001b[2J'))))
    expect(logger.lines).toEqual([
      {
        level: 'error',
        message: 'connection failed',
        fields: {
          code: 'MILLRACE_ERR_PLUGIN_FAILED',
          plugin: 'boom',
          direction: 'inbound',
          phase: 'push',
          offset: 9,
          at: expect.stringContaining('event-log.test.ts'),
          error: expect.stringContaining(String.raw`Error: no\u{a}forged \u{1b}[2J`),
          connection: 'tcp-7',
          transport: 'tcp',
          remoteAddress: '127.0.0.1:5',
          bytesRead: 12,
          bytesWritten: 3,
          duration: 2,
          initiator: 'local',
        },
      },
    ])
  })

  test('writes a line for each failure, and names the code behind a reset', () => {
    const { logger, log } = setUp()
    const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
    log.handle(closed(new ConnectionResetError(remoteAddress, { cause })))
    log.handle(closed(failure(undefined)))
    expect(logger.lines.map(({ level, fields }) => [level, fields['code']])).toEqual([
      ['warn', 'MILLRACE_ERR_CONNECTION_RESET'],
      ['error', 'MILLRACE_ERR_PLUGIN_FAILED'],
    ])
    expect(logger.lines[0]?.fields['error']).toBe('the connection was reset by the other side (127.0.0.1:5): ECONNRESET')
  })

  test('says nothing of connections that open and close', () => {
    const { logger, log } = setUp()
    log.handle({ type: 'connection-opened', connection })
    log.handle(closed())
    log.handle({ type: 'listening', transport: 'tcp', address: remoteAddress })
    expect(logger.lines).toEqual([])
  })

  test('counts refusals and drops by reason', () => {
    const { logger, clock, log } = setUp()
    for (let i = 0; i < 100; i++) {
      log.handle({ type: 'connection-refused', transport: 'tcp', remoteAddress, reason: 'maxConnections', detail: '1 open' })
      log.handle({ type: 'datagram-dropped', direction: 'inbound', reason: 'session-queue', remoteAddress, bytes: 8 })
      log.handle({ type: 'datagram-dropped', direction: 'outbound', reason: 'reply-ratio', remoteAddress, bytes: 8 })
    }
    clock.advance(1_000)
    expect(logger.lines.map(({ message, fields }) => [message, fields['reason'], fields['count']])).toEqual([
      ['connection refused', 'maxConnections', 1],
      ['datagram dropped', 'session-queue', 1],
      ['datagram dropped', 'reply-ratio', 1],
      ['connection refused', 'maxConnections', 99],
      ['datagram dropped', 'session-queue', 99],
      ['datagram dropped', 'reply-ratio', 99],
    ])
  })

  test('tells where a plugin failed that was asked to accept', () => {
    const { logger, log } = setUp()
    const error = new PluginError({ plugin: 'boom', direction: 'inbound', phase: 'accept', remoteAddress, offset: 0 }, new Error('no'))
    log.handle({ type: 'connection-refused', transport: 'tcp', remoteAddress, reason: 'plugin', detail: 'boom failed', error })
    expect(logger.lines[0]).toMatchObject({
      level: 'error',
      fields: { reason: 'plugin', plugin: 'boom', direction: 'inbound', offset: 0, remoteAddress: '127.0.0.1:5', count: 1 },
    })
  })

  test('counts dropped frames and the events of plugins, whatever these hold', () => {
    const { logger, log } = setUp()
    const hostile = {
      [inspect.custom]: () => {
        throw new Error('no')
      },
    }
    log.handle({ type: 'frame-dropped', connection, plugin: 'lines', error: new CorruptFrameError('no line') })
    log.handle({ type: 'plugin-event', connection, plugin: 'lines', payload: { text: '\u001b[2J'.repeat(1_000) } })
    log.handle({ type: 'plugin-event', connection, plugin: 'other', payload: hostile })
    log.flush()
    expect(logger.lines.map(({ message }) => message)).toEqual(['frame dropped', 'plugin event', 'plugin event'])
    expect(logger.lines[2]?.fields['event']).toBe('something that cannot be shown')
    const event = logger.lines[1]?.fields['event'] as string
    expect(event.length).toBeLessThan(1_000)
    expect(event).not.toContain('\u001b')
  })

  test('says what was discarded, and why, without a stack', () => {
    const { logger, log } = setUp()
    const payload = { type: 'frame-discarded', error: new CorruptFrameError('no\nline', { offset: 7 }) }
    log.handle({ type: 'plugin-event', connection, plugin: 'lines', payload })
    expect(logger.lines[0]?.fields['event']).toBe(String.raw`{ type: 'frame-discarded', error: 'no\nline' }`)
  })

  test('says where the bytes are that are no frame', () => {
    const { logger, log } = setUp()
    const bad = new CorruptFrameError('no line', { offset: 7 })
    log.handle(closed(failure(bad)))
    log.handle({ type: 'frame-dropped', connection, plugin: 'lines', error: bad })
    log.handle({ type: 'frame-dropped', connection, plugin: 'other', error: new CorruptFrameError('no line') })
    expect(logger.lines.map(({ fields }) => fields['frameOffset'])).toEqual([7, 7, undefined])
  })

  test('shows no address that a peer can make a line of', () => {
    const { logger, log } = setUp()
    const hostile: SocketAddress = { address: '/x\n\u009b{"level":50}', port: 0, family: 'unix' }
    const from: ConnectionInfo = { ...connection, remoteAddress: hostile }
    log.handle({ type: 'frame-dropped', connection: from, plugin: 'lines', error: new CorruptFrameError('no line') })
    log.handle({ type: 'datagram-dropped', direction: 'inbound', reason: 'session-queue', remoteAddress: hostile, bytes: 8 })
    log.handle({ type: 'connection-refused', transport: 'tcp', remoteAddress: hostile, reason: 'plugin', detail: 'no' })
    log.handle({ ...closed(new Error('no')), connection: from })
    expect(logger.lines.map(({ fields }) => fields['remoteAddress'])).toEqual(Array(4).fill(String.raw`/x\u{a}\u{9b}{"level":50}`))
  })

  test('writes what failed in a listener', () => {
    const { logger, log } = setUp()
    log.handle({ type: 'listener-error', transport: 'udp', error: Object.assign(new Error('bad'), { code: 'EBADF' }) })
    expect(logger.lines).toEqual([
      { level: 'error', message: 'listener failed', fields: { transport: 'udp', code: 'EBADF', error: 'bad' } },
    ])
  })
})
