import { Buffer } from 'node:buffer'
import { type Logger, ConnectionResetError } from '@millrace/core'
import { type RecordingLogger, recordingLogger } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LogLines } from '../src/log-lines.ts'
import { ConnectionLog, type ConnectionLogOptions, LoggedDirection } from '../src/connection-log.ts'
import { drive, driveDatagram } from './drive.ts'
import { FakeContext } from './fake-context.ts'

const DEFAULTS: ConnectionLogOptions = { format: 'text', level: 'info', maxBytes: 256, markers: [], direction: 'both' }

interface Setup {
  readonly log: ConnectionLog
  readonly inbound: LoggedDirection
  readonly logger: RecordingLogger
  readonly context: FakeContext
}

function setUp(options: Partial<ConnectionLogOptions> = {}, context: FakeContext = new FakeContext()): Setup {
  const logger = recordingLogger()
  const all = { ...DEFAULTS, ...options }
  const log = new ConnectionLog(new LogLines(logger, all), all, context)
  return { log, inbound: new LoggedDirection(log, 'inbound', all), logger, context }
}

/** Every text in a value, names included. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsIn(inner)])
}

describe('ConnectionLog', () => {
  test('writes a line at open and one at close, with what was moved and how long it took', () => {
    const { log, logger, context } = setUp({ label: 'front', level: 'debug' })
    log.opened()
    const rest = { duration: 1500, initiator: 'remote' }
    const moved = { bytesRead: 5, bytesWritten: 7 }
    Object.assign(context.facts, { ...moved, time: 1500.4 })
    log.close({ initiator: 'remote' })
    const common = { plugin: 'logging', label: 'front', connection: 'fake-1', remoteAddress: '127.0.0.1:40000' }
    expect(logger.lines).toEqual([
      { level: 'debug', fields: common, message: 'connection opened' },
      { level: 'debug', fields: { ...common, ...moved, ...rest }, message: 'connection closed' },
    ])
  })

  test('names the peer of the moment, where that changes', () => {
    const peers = [40001, 40001, 40002].map((port) => ({ address: '127.0.0.1', port, family: 'IPv4' as const }))
    let index = 0
    const context = new FakeContext()
    Object.defineProperty(context.connection, 'remoteAddress', { get: () => peers[index] })
    const { log, inbound, logger } = setUp({}, context)
    for (; index < peers.length; index++) drive(inbound, [Buffer.from('x')])
    index = 0
    log.close({ initiator: 'local' })
    const named = logger.lines.map(({ fields }) => fields['remoteAddress'])
    expect(named).toEqual(['127.0.0.1:40001', '127.0.0.1:40001', '127.0.0.1:40002', '127.0.0.1:40001'])
  })

  test('names the code of the error at close, or its class, and never its message', () => {
    const odd = Object.assign(new Error('x'), { code: 'A\u001bB' })
    const errors = [new ConnectionResetError(), new RangeError('payload\n'), odd]
    const codes = errors.map((error) => {
      const { log, logger } = setUp()
      log.close({ initiator: 'remote', error })
      return logger.lines[0]?.fields['error']
    })
    expect(codes).toEqual(['MILLRACE_ERR_CONNECTION_RESET', 'RangeError', 'A\\u{1b}B'])
  })

  test('names what led to the error at close', () => {
    const { log, logger } = setUp()
    const cause = Object.assign(new Error('payload'), { code: 'ECONNRESET' })
    log.close({ initiator: 'remote', error: new ConnectionResetError(undefined, { cause }) })
    expect(logger.lines[0]?.fields).toMatchObject({ error: 'MILLRACE_ERR_CONNECTION_RESET', cause: 'ECONNRESET' })
  })

  test('escapes the path of a Unix socket', () => {
    const remoteAddress = { address: '/run/a\nINFO forged', port: 0, family: 'unix' } as const
    const { log, logger } = setUp({}, new FakeContext({ remoteAddress }))
    log.opened()
    expect(logger.lines[0]?.fields['remoteAddress']).toBe('/run/a\\nINFO forged')
  })

  test('reports a logger that throws once for the connection, and throws nothing itself', () => {
    const failure = new Error('disk full')
    const fail = (): never => {
      throw failure
    }
    const broken: Logger = { debug: fail, info: fail, warn: fail, error: fail }
    const context = new FakeContext()
    const log = new ConnectionLog(new LogLines(broken, DEFAULTS), DEFAULTS, context)
    log.opened()
    const { emitted, error } = drive(new LoggedDirection(log, 'inbound', DEFAULTS), ['a', 'b'])
    log.close({ initiator: 'local' })
    expect({ emitted, error }).toEqual({ emitted: ['a', 'b'], error: undefined })
    expect(context.events).toEqual([{ type: 'logging-failed', error: failure }])
  })
})

describe('LoggedDirection', () => {
  test('passes on the very items and counts the offset', () => {
    const { inbound, logger } = setUp({ format: 'summary' })
    const chunks = [Buffer.from('abc'), Buffer.from('de'), Buffer.alloc(0)]
    const { emitted } = drive(inbound, chunks)
    expect(emitted.every((item, i) => item === chunks[i])).toBe(true)
    expect(logger.lines.map(({ fields }) => [fields['direction'], fields['bytes'], fields['offset']])).toEqual([
      ['inbound', 3, 0],
      ['inbound', 2, 3],
      ['inbound', 0, 5],
    ])
    expect(logger.lines.some(({ fields }) => 'payload' in fields)).toBe(false)
  })

  test('writes the line before it passes the item on', () => {
    const { inbound, logger } = setUp()
    let before = 0
    inbound.push(Buffer.from('a'), () => {
      before = logger.lines.length
    })
    expect(before).toBe(1)
  })

  test('counts the offset in each datagram afresh', () => {
    const { inbound, logger } = setUp({ format: 'hex' }, new FakeContext({ datagram: true }))
    driveDatagram(inbound, [Buffer.from('ab'), Buffer.from('c')])
    driveDatagram(inbound, [Buffer.from('d')])
    expect(logger.lines.map(({ fields }) => fields['offset'])).toEqual([0, 2, 0])
    expect(logger.lines.map(({ fields }) => (fields['payload'] as string[])[0]?.slice(0, 12))).toEqual([
      '00000000  61', '00000002  63', '00000000  64',
    ])
  })

  test('shows maxBytes of payload and counts the rest', () => {
    const { inbound, logger } = setUp({ maxBytes: 4 })
    drive(inbound, [Buffer.from('abcd'), Buffer.from('abcdef'), { long: 'message' }])
    expect(logger.lines.map(({ fields }) => [fields['payload'], fields['omitted']])).toEqual([
      ['abcd', undefined], ['abcd', 2], ['{"lo', true],
    ])
  })

  test('writes a message of any type, without bytes and offset', () => {
    const { inbound, logger } = setUp({ format: 'hex' })
    drive(inbound, [{ text: 'a\u001b\n', side: '\u202e', slash: '\\' }])
    const fields = logger.lines[0]?.fields ?? {}
    expect(fields['payload']).toBe('{"text": "a\\u001b\\n", "side": "\\u{202e}", "slash": "\\\\"}')
    expect(Object.keys(fields)).not.toContain('bytes')
    expect(Object.keys(fields)).not.toContain('offset')
  })

  test.each(['hex', 'text'] as const)('lets no payload forge a line or steer a terminal (%s)', (format) => {
    const texts = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text))
    const payloads = fc.oneof(fc.uint8Array({ maxLength: 80 }), texts, fc.anything())
    fc.assert(fc.property(fc.array(payloads, { maxLength: 5 }), (items) => {
      const { inbound, logger } = setUp({ format })
      drive(inbound, items)
      expect(logger.lines).toHaveLength(items.length)
      for (const text of textsIn(logger.lines)) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    }), { seed: 10, numRuns: 300 })
  })

  test('renders nothing while the level is off, and hides what may have begun meanwhile', () => {
    const { context } = setUp()
    const options: ConnectionLogOptions = { ...DEFAULTS, markers: ['pw='], redact: (bytes) => (rendered++, bytes) }
    let rendered = 0
    let enabled = false
    const logger = Object.assign(recordingLogger(), { isLevelEnabled: (level: string) => enabled && level === 'info' })
    const inbound = new LoggedDirection(new ConnectionLog(new LogLines(logger, options), options, context), 'inbound', options)
    drive(inbound, [Buffer.from('pw=se')])
    expect([rendered, logger.lines.length]).toEqual([0, 0])
    enabled = true
    drive(inbound, [Buffer.from('cret\nopen')])
    expect(logger.lines[0]?.fields['payload']).toBe('****\\nopen')
  })
})

describe('redaction', () => {
  test('gives redact a copy of the whole item and the direction, and logs what it returns', () => {
    const calls: [string, string][] = []
    const chunk = Buffer.from('card 4111 1111')
    const { inbound, logger } = setUp({
      maxBytes: 9,
      redact: (bytes, direction) => {
        calls.push([Buffer.from(bytes).toString(), direction])
        return bytes.fill(0x23, 5)
      },
    })
    const { emitted } = drive(inbound, [chunk])
    expect(calls).toEqual([['card 4111 1111', 'inbound']])
    expect(logger.lines[0]?.fields).toMatchObject({ payload: 'card ####', omitted: 5 })
    expect(emitted).toEqual([Buffer.from('card 4111 1111')])
  })

  test.each([
    ['throws', () => { throw new RangeError('secret') }, 'RangeError'],
    ['throws no Error', () => { throw undefined }, 'undefined'],
    ['returns no bytes', () => 'secret', 'TypeError'],
  ])('withholds the payload and says so where redact %s', (_, redact, withheld) => {
    const { inbound, logger } = setUp({ redact: redact as unknown as () => Uint8Array })
    const { emitted } = drive(inbound, [Buffer.from('secret'), { text: 'secret' }])
    expect(emitted).toHaveLength(2)
    expect(logger.lines).toHaveLength(2)
    for (const { fields } of logger.lines) expect(fields).toMatchObject({ withheld })
    expect(JSON.stringify(logger.lines)).not.toContain('secret')
  })

  test('hides what a withheld item may have begun', () => {
    let calls = 0
    const redact = (bytes: Uint8Array): Uint8Array => {
      if (calls++ === 0) throw new Error('not yet')
      return bytes
    }
    const { inbound, logger } = setUp({ redact, markers: ['pw='] })
    drive(inbound, [Buffer.from('pw=se'), Buffer.from('cret\nopen')])
    expect(logger.lines[1]?.fields['payload']).toBe('****\\nopen')
  })

  test('withholds a message that cannot be looked at', () => {
    const { inbound, logger } = setUp()
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(drive(inbound, [proxy]).emitted[0] === proxy).toBe(true)
    expect(logger.lines[0]?.fields).toMatchObject({ withheld: 'TypeError' })
  })

  test('hides secrets over the edges of chunks, in one direction and the other apart', () => {
    const { log, inbound, logger } = setUp({ markers: ['pw='] })
    const outbound = new LoggedDirection(log, 'outbound', { ...DEFAULTS, markers: ['pw='] })
    drive(inbound, [Buffer.from('PW'), Buffer.from('=open '), Buffer.from('sesame')])
    drive(outbound, [Buffer.from('hello')])
    drive(inbound, [Buffer.from('!\nbye')])
    expect(logger.lines.map(({ fields }) => fields['payload'])).toEqual(['PW', '=*****', '******', 'hello', '*\\nbye'])
  })

  test('hides secrets in hex dumps and messages', () => {
    const { inbound, logger } = setUp({ format: 'hex', markers: ['pw'] })
    drive(inbound, [Buffer.from('pw=x\ny'), { pw: 'x', bytes: Buffer.from('y') }, { bytes: Buffer.from('pw=x') }])
    expect(logger.lines.map(({ fields }) => fields['payload'])).toEqual([
      ['00000000  70 77 2a 2a 0a 79                                 |pw**.y|'],
      `{"pw${'*'.repeat(27)}`,
      '{"bytes": bytes "pw****',
    ])
  })

  test('keeps no open secret from one datagram to the next', () => {
    const { inbound, logger } = setUp({ markers: ['pw='] }, new FakeContext({ datagram: true }))
    driveDatagram(inbound, [Buffer.from('pw=x')])
    driveDatagram(inbound, [Buffer.from('open')])
    expect(logger.lines.map(({ fields }) => fields['payload'])).toEqual(['pw=*', 'open'])
  })

  test('shows a redactor of messages what is just over the edge', () => {
    const redact = (bytes: Uint8Array): Uint8Array => Buffer.from(String(Buffer.from(bytes)).replace(/\d{16}/, 'NUMB'))
    const { inbound, logger } = setUp({ maxBytes: 10, redact })
    drive(inbound, ['card 4111111111111111'])
    expect(logger.lines[0]?.fields['payload']).toBe('"card NUMB')
  })
})
