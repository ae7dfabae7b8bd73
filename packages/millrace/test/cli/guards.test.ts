import { Buffer } from 'node:buffer'
import { composePipeline, type Pipeline } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { createRegistry } from '../../src/cli/import-plugins.ts'
import { parsePluginText } from '../../src/cli/plugin-text.ts'

const registry = await createRegistry([])

/** A pipeline as a command line has it. */
const compose = (words: string): Pipeline<unknown, unknown> =>
  composePipeline(words.split(' ').map((word) => registry.configure(parsePluginText(word)))) as Pipeline<unknown, unknown>

const remoteAddress = { address: '127.0.0.1', port: 5_000, family: 'IPv4' } as const

describe('guards on a command line', () => {
  test.each([
    'ip-filter:127.0.0.0/8|::1 echo',
    'ip-filter:deny=2001:db8::/32,first=allow echo',
    'connection-guard:10,maxPerAddress=2,ipv6Prefix=48 echo',
    'rate-limit:1000000,burst=2000 rate-limit:messages=10,shared=true echo',
    'idle:5000,read=1000 echo',
    'proxy-protocol:10.0.0.0/8,untrusted=direct,version=2 echo',
    'faults:7,direction=outbound,latency=0 echo',
  ])('%s', (words) => {
    const embedded = embed(compose(words), { remoteAddress })
    embedded.writeInbound(Buffer.from('hello'))
    expect(embedded.error).toBeUndefined()
    expect(Buffer.concat(embedded.outbound).toString()).toBe('hello')
  })

  test.each([
    ['ip-filter echo', 'option "ip-filter.allow" must be given, or "deny"'],
    ['ip-filter:localhost echo', 'must be IP addresses or CIDR ranges, separated by "|", not "localhost"'],
    ['rate-limit echo', 'option "rate-limit.bytes" must be given, or "messages"'],
    ['frame-timeout:2000 echo', '"frame-timeout" looks at whole frames, but no plugin after it makes any'],
    ['pcap echo', 'option "pcap.path" must be the path of a file'],
    ['compress:brotli,level=12 echo', 'option "compress.level" must be from 0 to 11 with brotli'],
    ['faults:loss=2 echo', 'option "faults.loss" must be a number from 0 to 1, not "2"'],
  ])('%s is refused in words', (words, message) => {
    expect(() => compose(words)).toThrow(message)
  })
})
