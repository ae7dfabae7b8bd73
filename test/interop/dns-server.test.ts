import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startDns } from '../../examples/servers/dns-server.ts'
import { pemPath, server as credentials } from '../support/certificates.ts'
import { killAll, run, start, until } from './programs.ts'

const digs = (port: number, tool: string, ...words: readonly string[]): readonly string[] =>
  [tool, '@127.0.0.1', '-p', String(port), '+timeout=5', ...words]
const output = async (command: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await run(command, input)
  expect(code, stderr).toBe(0)
  return stdout.toString()
}

/** tshark says so when it has opened the interface, and never where it may not. */
const mayCapture = spawnSync('tshark', ['-i', 'lo', '-a', 'duration:1', '-w', '/dev/null'], { timeout: 10_000 }).status === 0

describe('the DNS server', () => {
  afterEach(killAll)

  test.each(['dig', 'kdig'])('has its answers understood by %s', async (tool) => {
    await using server = await startDns()
    const short = (...words: readonly string[]): Promise<string> => output(digs(server.port, tool, '+short', ...words))
    expect(await short('www.mill.test')).toBe('wheel.mill.test.\n192.0.2.1\n')
    expect(await short('+tcp', 'wheel.mill.test', 'AAAA')).toBe('2001:db8::1\n')
    expect(await short('mill.test', 'MX')).toBe('10 wheel.mill.test.\n')
    expect(await short('_grind._tcp.mill.test', 'SRV')).toBe('0 0 10000 wheel.mill.test.\n')
  })

  test.each(['dig', 'kdig'])('has %s ask by TCP for what is too long for a datagram', async (tool) => {
    await using server = await startDns()
    // Cut at 512 bytes without EDNS0; with it the same comes whole.
    const cut = await output(digs(server.port, tool, '+noedns', '+ignore', 'long.mill.test', 'TXT'))
    expect(cut).toMatch(/flags:.*\btc\b.*\n?.*ANSWER: 0/i)
    const whole = await output(digs(server.port, tool, '+bufsize=1232', '+ignore', 'long.mill.test', 'TXT'))
    expect(whole).toMatch(/ANSWER: 1/)
    expect(whole).toMatch(/UDP\)/)
    const again = await output(digs(server.port, tool, 'longer.mill.test', 'TXT'))
    expect(again).toMatch(/ANSWER: 1/)
    expect(again).toMatch(/TCP\)/)
  })

  test.each(['dig', 'kdig'])('tells %s that a name is not there, and for how long', async (tool) => {
    await using server = await startDns()
    const nobody = await output(digs(server.port, tool, 'nobody.mill.test'))
    expect(nobody).toMatch(/status: NXDOMAIN/)
    expect(nobody).toMatch(/^mill\.test\.\s+60\s+IN\s+SOA\s/m)
    expect(await output(digs(server.port, tool, 'example.org'))).toMatch(/status: REFUSED/)
    if (tool === 'dig') expect(await output(digs(server.port, tool, '+edns=1', '+noednsneg', 'mill.test'))).toMatch(/BADVERS/)
  })

  test.each(['udp', 'tcp'])('loses none of three thousand questions of dnsperf over %s', async (mode) => {
    await using server = await startDns()
    const questions = 'wheel.mill.test A\nwww.mill.test AAAA\nnobody.mill.test A\n'.repeat(1000)
    const text = await output(
      ['dnsperf', '-m', mode, '-s', '127.0.0.1', '-p', String(server.port), '-c', '4', '-q', '50'],
      questions,
    )
    expect(text).toMatch(/Queries completed:\s+3000 \(100\.00%\)/)
    expect(text).toMatch(/NOERROR 2000 .*NXDOMAIN 1000/)
  })

  describe('over TLS', () => {
    const tls = { port: 0, ...credentials }
    const checked = (hostname: string): string[] => [`+tls-ca=${pemPath('authority.pem')}`, `+tls-hostname=${hostname}`]

    test('has kdig check its certificate, and answers its questions one after another on one connection', async () => {
      await using server = await startDns({ tls })
      const questions = ['www.mill.test', 'A', 'wheel.mill.test', 'AAAA', 'mill.test', 'MX']
      const asked = digs(server.tlsPort as number, 'kdig', ...checked('localhost'), '+keepopen', '+short', ...questions)
      expect(await output(asked)).toBe('wheel.mill.test.\n192.0.2.1\n2001:db8::1\n10 wheel.mill.test.\n')
      const whole = await output(digs(server.tlsPort as number, 'kdig', ...checked('localhost'), 'longer.mill.test', 'TXT'))
      expect(whole).toMatch(/TLS session \(TLS1\.3\)[^]*ANSWER: 1/)
      expect(whole).not.toMatch(/Flags:[^;]*\btc\b/)
    })

    test('is refused by kdig under another name, and goes on', async () => {
      await using server = await startDns({ tls })
      const refused = await run(digs(server.tlsPort as number, 'kdig', '+retry=0', ...checked('example.org'), 'mill.test'))
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toMatch(/Error in the certificate/)
      const good = digs(server.tlsPort as number, 'kdig', ...checked('localhost'), '+short', 'wheel.mill.test')
      expect(await output(good)).toBe('192.0.2.1\n')
    })

    test('loses none of three thousand questions of dnsperf, fifty at a time on each of four connections', async () => {
      await using server = await startDns({ tls })
      const questions = 'wheel.mill.test A\nlonger.mill.test TXT\nnobody.mill.test A\n'.repeat(1000)
      const options = ['-m', 'dot', '-s', '127.0.0.1', '-p', String(server.tlsPort), '-c', '4', '-q', '200']
      const text = await output(['dnsperf', ...options], questions)
      expect(text).toMatch(/Queries completed:\s+3000 \(100\.00%\)/)
      expect(text).toMatch(/NOERROR 2000 .*NXDOMAIN 1000/)
    })
  })

  test.skipIf(!mayCapture)('sends nothing that tshark finds malformed', async () => {
    await using server = await startDns()
    const file = path.join(tmpdir(), `millrace-dns-${server.port}.pcapng`)
    const capture = start('tshark', '-i', 'lo', '-f', `port ${server.port}`, '-w', file)
    await until(capture.stderr, 'Capture started')
    const questions = ['www.mill.test', 'nobody.mill.test', 'longer.mill.test TXT', '+edns=1 +noednsneg mill.test', '+opcode=5 mill.test']
    for (const words of questions) await run(digs(server.port, 'dig', ...words.split(' ')))
    const read = ['tshark', '-r', file, '-d', `udp.port==${server.port},dns`, '-d', `tcp.port==${server.port},dns`]
    const dissect = async (filter: string): Promise<string> =>
      (await run([...read, '-Y', filter, '-T', 'fields', '-e', 'dns.flags.rcode'])).stdout.toString()
    // One answer each, and two for the long one. What is captured takes a while to be written.
    const answered = async (): Promise<void> => expect(await dissect('dns.flags.response == 1')).toBe('0\n3\n0\n0\n0\n4\n')
    await vi.waitFor(answered, { timeout: 15_000 })
    capture.kill('SIGINT')
    await once(capture, 'close')
    expect(await dissect('_ws.malformed || _ws.expert.severity == error')).toBe('')
    await rm(file)
  })
})
