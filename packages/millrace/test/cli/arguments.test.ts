import { InvalidOptionError } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { parseArguments } from '../../src/cli/arguments.ts'
import { UsageError } from '../../src/cli/usage-error.ts'

const parse = (line: string): unknown => parseArguments(line === '' ? [] : line.split(' '))
const echo = { name: 'echo', pairs: [] }

describe('parseArguments', () => {
  test.each([
    ['', { command: 'help', topic: undefined, imports: [] }],
    ['--help', { command: 'help', topic: undefined, imports: [] }],
    ['-h', { command: 'help', topic: undefined, imports: [] }],
    ['--version', { command: 'version' }],
    ['serve --help', { command: 'help', topic: 'serve', imports: [] }],
    ['connect -h --import x.mjs', { command: 'help', topic: 'connect', imports: ['x.mjs'] }],
    ['plugins', { command: 'plugins', json: false, imports: [] }],
    ['plugins --json --import a.mjs --import b.mjs', { command: 'plugins', json: true, imports: ['a.mjs', 'b.mjs'] }],
  ])('reads "millrace %s"', (line, command) => {
    expect(parse(line)).toEqual(command)
  })

  test('gives each listener its address and the flags it knows, as values', () => {
    const line = 'serve --host ::1 --tcp 0 --udp=53 --unix s.sock --no-delay false --idle-timeout 5 --drain-timeout 7 --max-reply-ratio 1.5'
    expect(parse(`${line} --writable-all true chunker:16 echo`)).toEqual({
      command: 'serve',
      listeners: {
        tcp: { port: 0, host: '::1', noDelay: false, idleTimeout: 5, drainTimeout: 7 },
        udp: { port: 53, host: '::1', drainTimeout: 7, maxReplyRatio: 1.5 },
        unix: { path: 's.sock', idleTimeout: 5, drainTimeout: 7, writableAll: true },
      },
      imports: [],
      plugins: [{ name: 'chunker', value: '16', pairs: [] }, echo],
    })
  })

  test('reads what TLS needs: files, and flags for the server', () => {
    const line = 'serve --tls 0 --cert c --key k --ca a --request-cert true --handshake-timeout 5 echo'
    expect(parse(line)).toMatchObject({
      listeners: { tls: { port: 0, requestCert: true, handshakeTimeout: 5 } },
      tls: { cert: 'c', key: 'k', ca: 'a' },
    })
    expect(parse('connect tls://h:1')).toMatchObject({ tls: { files: {}, rejectUnauthorized: true } })
    expect(parse('connect --insecure tls://h:1 --servername n --cert c --key k')).toMatchObject({
      endpoint: { transport: 'tls' },
      tls: { files: { cert: 'c', key: 'k' }, servername: 'n', rejectUnauthorized: false },
    })
  })

  test('takes flags behind the plugins too, and everything behind -- as plugins', () => {
    expect(parse('serve echo --tcp 1')).toMatchObject({ listeners: { tcp: { port: 1 } }, plugins: [echo] })
    expect(parse('serve --tcp 1 -- --udp')).toMatchObject({ plugins: [{ name: '--udp', pairs: [] }] })
  })

  test('leaves listeners out that were not asked for', () => {
    expect(parse('serve --udp 1 echo')).toEqual({ command: 'serve', listeners: { udp: { port: 1 } }, imports: [], plugins: [echo] })
  })

  test('reads connect, which waits for 1,000 ms of silence by default', () => {
    const command = { command: 'connect', endpoint: { transport: 'udp', host: 'h', port: 1 }, imports: [], plugins: [echo] }
    expect(parse('connect udp://h:1 echo')).toEqual({ ...command, wait: 1_000 })
    expect(parse('connect --wait 0 udp://h:1 echo')).toEqual({ ...command, wait: 0 })
  })

  test.each([
    ['serv', 'unknown command "serv"; did you mean "serve"?'],
    ['sing', 'unknown command "sing"; "millrace --help" tells what there is'],
    ['--tcp 0', 'unknown flag "--tcp"; "millrace --help" tells what there is'],
    ['serve echo', 'serve needs a listener: --tcp PORT, --tls PORT, --udp PORT or --unix PATH'],
    ['serve --tcp', '--tcp needs a value'],
    ['serve --tcp --udp 1 echo', '--tcp needs a value'],
    ['serve --tcp 0 --tcp 1 echo', '--tcp is given twice'],
    ['serve --tcp 0 --help=yes', '--help takes no value'],
    ['serve --tcp 0 -x echo', 'unknown flag "-x"'],
    ['serve --tcp 0 --drain-timout 1 echo', 'unknown flag "--drain-timout"; did you mean "--drain-timeout"?'],
    ['serve --tcp 0 --drainTimeout 1 echo', 'unknown flag "--drainTimeout"; did you mean "--drain-timeout"?'],
    ['serve --tcp 0 --container x echo', 'unknown flag "--container"'],
    ['serve --tcp 0 --json echo', 'unknown flag "--json"'],
    ['serve --tcp 0 --max-sessions 1 echo', '--max-sessions goes with --udp, which is not given'],
    ['serve --udp 0 --idle-timeout 1 echo', '--idle-timeout goes with --tcp, --tls or --unix, none of which is given'],
    ['serve --unix s --no-delay true echo', '--no-delay goes with --tcp or --tls, neither of which is given'],
    ['serve --unix s --host h echo', '--host goes with --tcp, --tls or --udp, none of which is given'],
    ['serve --tcp 0 --host= echo', '--host must be an address or a name for one'],
    ['serve --unix= echo', '--unix must be the path of a socket'],
    ['serve --tls 443 --key b echo', '--tls needs --cert FILE'],
    ['serve --tls 443 --cert a echo', '--tls needs --key FILE'],
    ['serve --tcp 0 --cert a echo', '--cert goes with --tls, which is not given'],
    ['serve --tcp 0 --handshake-timeout 5 echo', '--handshake-timeout goes with --tls, which is not given'],
    ['connect tcp://h:1 --insecure', '--insecure goes with tls://HOST:PORT'],
    ['connect tcp://h:1 --ca a', '--ca goes with tls://HOST:PORT'],
    ['connect tls://h:1 --cert a', '--cert and --key go together'],
    ['connect tls://h:1 --insecure --ca a', '--insecure checks nothing: leave out --ca'],
    ['connect', 'connect needs to know where to: tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or unix:PATH'],
    ['connect tcp://h:1 --idle-timeout 1', 'unknown flag "--idle-timeout"'],
    ['plugins echo', 'plugins takes no "echo": it lists all there are'],
  ])('refuses "millrace %s" in one line', (line, message) => {
    expect(() => parse(line)).toThrow(new UsageError(message))
  })

  test.each([
    ['serve --tcp x echo', 'option "--tcp" must be an integer from 0 to 65535, not "x"'],
    ['serve --tcp= echo', 'option "--tcp" must be an integer from 0 to 65535, not ""'],
    ['serve --tcp 65536 echo', 'option "--tcp" must be an integer from 0 to 65535, not "65536"'],
    ['serve --udp -1 echo', 'option "--udp" must be an integer from 0 to 65535, not "-1"'],
    ['serve --tcp 0 --no-delay yes echo', 'option "--no-delay" must be true or false, not "yes"'],
    ['serve --udp 0 --type udp5 echo', 'option "--type" must be one of "udp4", "udp6", not "udp5"'],
    ['serve --tcp 0 --max-connections 0 echo', 'option "--max-connections" must be an integer of at least 1 (connections), not "0"'],
    ['connect udp://h:1 --wait 1.5', 'option "--wait" must be an integer from 0 to 2147483647 (ms), not "1.5"'],
  ])('refuses "millrace %s", naming the flag', (line, message) => {
    const refused = (): unknown => parse(line)
    expect(refused).toThrow(InvalidOptionError)
    expect(refused).toThrow(message)
  })
})
