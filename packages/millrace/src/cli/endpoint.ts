import { isIPv6 } from 'node:net'
import { UsageError } from './usage-error.ts'

/** Where `connect` connects to. */
export type Endpoint =
  | { readonly transport: 'tcp' | 'tls' | 'udp'; readonly host: string; readonly port: number }
  | { readonly transport: 'unix'; readonly path: string }

const FORMS = 'tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or unix:PATH'

const URL_PATTERN = /^(?<scheme>tcp|udp|tls):\/\/(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^\s:/?#@[\]]+))(?::(?<port>\d+))?\/?$/i

/**
 * Reads what `connect` is told: an IPv6 address stands in brackets (RFC 3986, 3.2.2).
 *
 * @throws {@link UsageError}
 */
export function parseEndpoint(url: string): Endpoint {
  if (/^unix:/i.test(url)) return unixEndpoint(url)
  const groups = URL_PATTERN.exec(url)?.groups
  if (groups === undefined) throw new UsageError(`"${url}" is nothing to connect to: write ${FORMS}${bracketHint(url)}`)
  const transport = groups['scheme']?.toLowerCase() as 'tcp' | 'tls' | 'udp'
  const { bracketed, plain = '' } = groups
  if (bracketed !== undefined && !isIPv6(bracketed)) throw new UsageError(`"${bracketed}" in "${url}" is no IPv6 address`)
  return { transport, host: bracketed ?? plain, port: parsePort(groups['port'], url) }
}

function unixEndpoint(url: string): Endpoint {
  const path = url.slice('unix:'.length)
  if (path === '') throw new UsageError(`"${url}" has no path: write unix:PATH`)
  return { transport: 'unix', path }
}

function parsePort(text: string | undefined, url: string): number {
  if (text === undefined) throw new UsageError(`"${url}" has no port: write ${FORMS}`)
  const port = Number(text)
  if (port < 1 || port > 65_535) throw new UsageError(`port ${text} in "${url}" is out of range: 1 to 65535`)
  return port
}

/** `tcp://::1:80` is the likeliest slip. */
function bracketHint(url: string): string {
  return /^\w+:\/\/[\da-f]*:[\da-f]*:/i.test(url) ? ', an IPv6 address in brackets' : ''
}
