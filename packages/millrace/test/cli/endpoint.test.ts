import { describe, expect, test } from 'vitest'
import { parseEndpoint } from '../../src/cli/endpoint.ts'
import { UsageError } from '../../src/cli/usage-error.ts'

const FORMS = 'tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or unix:PATH'

describe('parseEndpoint', () => {
  test.each([
    ['tcp://127.0.0.1:10000', { transport: 'tcp', host: '127.0.0.1', port: 10_000 }],
    ['TCP://localhost:1/', { transport: 'tcp', host: 'localhost', port: 1 }],
    ['udp://[::1]:53', { transport: 'udp', host: '::1', port: 53 }],
    ['udp://[fe80::1%eth0]:65535', { transport: 'udp', host: 'fe80::1%eth0', port: 65_535 }],
    ['tls://h:443', { transport: 'tls', host: 'h', port: 443 }],
    ['unix:/run/echo.sock', { transport: 'unix', path: '/run/echo.sock' }],
    ['unix:a b:c', { transport: 'unix', path: 'a b:c' }],
  ])('reads %s', (url, endpoint) => {
    expect(parseEndpoint(url)).toEqual(endpoint)
  })

  test.each([
    ['foo', `"foo" is nothing to connect to: write ${FORMS}`],
    ['', `"" is nothing to connect to: write ${FORMS}`],
    ['http://h:1', `"http://h:1" is nothing to connect to: write ${FORMS}`],
    ['127.0.0.1:10000', `"127.0.0.1:10000" is nothing to connect to: write ${FORMS}`],
    ['tcp://h:1/path', `"tcp://h:1/path" is nothing to connect to: write ${FORMS}`],
    ['tcp://user@h:1', `"tcp://user@h:1" is nothing to connect to: write ${FORMS}`],
    ['tcp://h:x', `"tcp://h:x" is nothing to connect to: write ${FORMS}`],
    ['tcp://:80', `"tcp://:80" is nothing to connect to: write ${FORMS}`],
    ['tcp://::1:80', `"tcp://::1:80" is nothing to connect to: write ${FORMS}, an IPv6 address in brackets`],
    ['tcp://h', `"tcp://h" has no port: write ${FORMS}`],
    ['udp://[::1]', `"udp://[::1]" has no port: write ${FORMS}`],
    ['tcp://[1.2.3.4]:80', '"1.2.3.4" in "tcp://[1.2.3.4]:80" is no IPv6 address'],
    ['tcp://h:0', 'port 0 in "tcp://h:0" is out of range: 1 to 65535'],
    ['tcp://h:65536', 'port 65536 in "tcp://h:65536" is out of range: 1 to 65535'],
    ['unix:', '"unix:" has no path: write unix:PATH'],
    ['tls://h', `"tls://h" has no port: write ${FORMS}`],
  ])('refuses "%s" in one line', (url, message) => {
    expect(() => parseEndpoint(url)).toThrow(new UsageError(message))
  })
})
