import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ServerEvent } from 'millrace'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Collected, startSyslogCollector } from '../../examples/servers/syslog-collector.ts'
import type { Running } from '../../examples/servers/shared/running.ts'
import { pemPath, server as credentials } from '../support/certificates.ts'
import { killAll, run, start } from './programs.ts'

const within = { timeout: 15_000, interval: 10 }

describe('syslog-collector', () => {
  let collector: Running
  let port: string
  const collected: Collected[] = []
  const events: ServerEvent[] = []

  beforeAll(async () => {
    const collect = (message: Collected): void => void collected.push(message)
    const onEvent = (event: ServerEvent): void => void events.push(event)
    collector = await startSyslogCollector({ collect, onEvent, maxLength: 1024, tls: { port: 0, ...credentials } })
    port = String(collector.port)
  })
  beforeEach(() => {
    collected.length = events.length = 0
  })
  afterEach(killAll)
  afterAll(async () => {
    await collector.close()
    expect(await collector.closed).toEqual({ cutOff: 0 })
  })

  const logger = async (...args: readonly string[]): Promise<void> => {
    const ended = await run(['logger', '-n', '127.0.0.1', '-t', 'demo', '-p', 'mail.err', ...args])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  }
  const closed = () => events.filter((event) => event.type === 'connection-closed')
  const texts = (): string[] => collected.map(({ text }) => text)
  const expected = { from: '127.0.0.1', facility: 2, severity: 3, app: 'demo' }

  describe.each(['--rfc3164', '--rfc5424'])('logger %s', (format) => {
    const format_ = format.slice(2)

    test.each([[], ['--octet-count']])('over TCP %s', async (...framing: readonly string[]) => {
      await logger('-P', port, '-T', format, ...framing, 'one message, with ünïcode')
      await vi.waitFor(() => expect(texts()).toEqual(['one message, with ünïcode']), within)
      expect(collected[0]).toMatchObject({ ...expected, format: format_ })
      expect(collected[0]?.timestamp).toBeDefined()
      expect(collected[0]?.host).toBeDefined()
    })

    test('over UDP', async () => {
      await logger('-P', port, '-d', format, 'one datagram')
      await vi.waitFor(() => expect(texts()).toEqual(['one datagram']), within)
      expect(collected[0]).toMatchObject({ ...expected, format: format_ })
    })
  })

  test('logger sends structured data, an id and a process id', async () => {
    const data = ['--sd-id', 'demo@32473', '--sd-param', 'user="ada \\"l\\""', '--sd-param', 'try="2"']
    await logger('-P', port, '-T', '--octet-count', '--rfc5424', '--id=77', '--msgid', 'LOGIN', ...data, 'in')
    await vi.waitFor(() => expect(texts()).toEqual(['in']), within)
    expect(collected[0]).toMatchObject({ ...expected, process: '77', id: 'LOGIN' })
    expect(collected[0]?.data?.['demo@32473']).toEqual({ user: 'ada "l"', try: '2' })
  })

  test('logger sends a file of 2,000 lines in order, over TCP in either framing', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`)
    for (const framing of [[], ['--octet-count']]) {
      collected.length = 0
      const command = ['logger', '-n', '127.0.0.1', '-P', port, '-T', ...framing, '-t', 'demo']
      await run(command, `${lines.join('\n')}\n`)
      await vi.waitFor(() => expect(texts().length).toBe(2000), within)
      expect(texts()).toEqual(lines)
    }
  })

  test('nc mixes framings on one connection, and what is too long ends that connection alone', async () => {
    await run(['nc', '-N', '127.0.0.1', port], `<34>Oct 11 22:14:15 h su: a\n14 <34>1 - - b - -\nno priority\n`)
    await vi.waitFor(() => expect(texts().at(-1)).toBe('no priority'), within)
    await run(['nc', '-N', '127.0.0.1', port], `<1>kept\n<1>${'x'.repeat(1100)}\n<1>lost\n`)
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('connection-closed'), within)
    expect(texts()).toContain('kept')
    expect(texts()).not.toContain('lost')
  })

  test('a datagram that is too long costs itself alone', async () => {
    await run(['nc', '-u', '-w1', '127.0.0.1', port], `<1>${'x'.repeat(1100)}`)
    await logger('-P', port, '-d', 'after it')
    await vi.waitFor(() => expect(texts()).toEqual(['after it']), within)
    expect(events.filter(({ type }) => type === 'frame-dropped')).toHaveLength(1)
  })

  const forward = (options: string): string => `action(type="omfwd" target="127.0.0.1" ${options})`
  const RFC5424 = 'TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"'
  /** An rsyslogd that forwards what comes to a socket. */
  async function relay(...config: readonly string[]) {
    const folder = mkdtempSync(path.join(tmpdir(), 'rsyslog-'))
    const socket = path.join(folder, 'log.sock')
    const receive = ['module(load="imuxsock" SysSock.Use="off")', `input(type="imuxsock" Socket="${socket}")`]
    writeFileSync(path.join(folder, 'rsyslog.conf'), [`global(workDirectory="${folder}")`, ...receive, ...config, ''].join('\n'))
    const daemon = start('rsyslogd', '-n', '-f', path.join(folder, 'rsyslog.conf'), '-i', path.join(folder, 'pid'))
    await vi.waitFor(() => expect(existsSync(socket)).toBe(true), within)
    const log = (text: string) => run(['logger', '-u', socket, '-t', 'relayed', '-p', 'local3.warning', text])
    return { folder, daemon, log }
  }

  describe.each(['ossl', 'gtls'])('rsyslogd forwards over TLS by its driver %s', (driver) => {
    const tls = (peer: string): string[] => [
      `global(DefaultNetstreamDriverCAFile="${pemPath('authority.pem')}")`,
      forward(
        `port="${collector.tlsPort}" protocol="tcp" ${RFC5424} StreamDriver="${driver}" StreamDriverMode="1" ` +
          `StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="${peer}"`,
      ),
    ]

    test('in order, and ends', async () => {
      const { folder, daemon, log } = await relay(...tls('localhost'))
      const sent = Array.from({ length: 50 }, (_, i) => `message ${i}`)
      await log('first')
      await vi.waitFor(() => expect(texts().map((text) => text.trim())).toEqual(['first']), within)
      expect(collected[0]).toMatchObject({ format: 'rfc5424', facility: 19, severity: 4, app: 'relayed' })
      for (const text of sent) await log(text)
      await vi.waitFor(() => expect(texts().map((text) => text.trim())).toEqual(['first', ...sent]), within)
      daemon.kill('SIGTERM')
      await vi.waitFor(() => expect(closed()).toHaveLength(1), within)
      // By GnuTLS it closes with our session tickets unread, for which the kernel sends a reset behind the end, and at times before it is read.
      const ends = driver === 'gtls' ? [undefined, 'ConnectionResetError'] : [undefined]
      expect(ends).toContain(closed()[0]?.error?.name)
      await killAll()
      rmSync(folder, { recursive: true })
    })

    test('and not to another than it was told to', async () => {
      const { folder, log } = await relay(...tls('example.org'))
      await log('a secret')
      const ended = (): ServerEvent[] => events.filter(({ type }) => type === 'connection-refused' || type === 'connection-closed')
      await vi.waitFor(() => expect(ended().length).toBeGreaterThan(0), within)
      expect(collected).toEqual([])
      await killAll()
      rmSync(folder, { recursive: true })
    })
  })

  test('openssl sends over TLS with lengths, and is cut off for a line', async () => {
    const openssl = ['openssl', 's_client', '-quiet', '-no_ign_eof', '-verify_return_error']
    const client = [...openssl, '-CAfile', pemPath('authority.pem'), '-connect', `127.0.0.1:${collector.tlsPort}`]
    await run(client, '7 <34>one8 <34>two\n<34>a line\n')
    await vi.waitFor(() => expect(closed()).toHaveLength(1), within)
    expect(texts()).toEqual(['one', 'two'])
    const cause = expect.objectContaining({ code: 'MILLRACE_ERR_CORRUPT_FRAME' }) as unknown
    expect(closed()[0]?.error).toMatchObject({ plugin: 'syslog-framing', cause })
  })

  test('rsyslogd forwards over TCP, counted, and over UDP', async () => {
    const { folder, log } = await relay(
      forward(`port="${port}" protocol="tcp" ${RFC5424}`),
      forward(`port="${port}" protocol="udp" template="RSYSLOG_TraditionalForwardFormat"`),
    )
    await log('by way of rsyslogd')
    await vi.waitFor(() => expect(collected).toHaveLength(2), within)
    const told = { from: '127.0.0.1', facility: 19, severity: 4, app: 'relayed' }
    expect(collected.find(({ format }) => format === 'rfc5424')).toMatchObject(told)
    expect(collected.find(({ format }) => format === 'rfc3164')).toMatchObject(told)
    expect(texts().map((text) => text.trim())).toEqual(['by way of rsyslogd', 'by way of rsyslogd'])
    await killAll()
    rmSync(folder, { recursive: true })
  })
})
