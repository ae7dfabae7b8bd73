import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { composePipeline, type Pipeline } from '@millrace/core'
import { embed } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { createRegistry } from '../../src/cli/import-plugins.ts'
import { parsePluginText } from '../../src/cli/plugin-text.ts'
import { run, startServe } from './command.ts'

const registry = await createRegistry([])

/** A pipeline as a command line has it. */
function compose(words: string): Pipeline<unknown, unknown> {
  const chosen = words.split(' ').map((word) => registry.configure(parsePluginText(word)))
  return composePipeline(chosen) as Pipeline<unknown, unknown>
}

describe('codecs on a command line', () => {
  test.each([
    ['lines:4096 uppercaser echo', 'one\r\ntwo\n', 'ONE\nTWO\n'],
    ['lines:ending=crlf,strict=true,maxLength=64 echo', 'one\r\n\r\n', 'one\r\n\r\n'],
    [String.raw`delimiter:;|\x00 uppercaser echo`, 'one;two\0', 'ONE;TWO;'],
    [String.raw`delimiter:by=\,,maxLength=16 echo`, 'one,two,', 'one,two,'],
    ['fixed-length:3 echo', 'onetwo', 'onetwo'],
    ['length-prefixed:2 uppercaser echo', '\0\x01a\0\x02bc', '\0\x01A\0\x02BC'],
    ['length-prefixed:bytes=1,endian=little,adjustment=-1 echo', '\x02a', '\x02a'],
    ['varint-prefixed:64 echo', '\x01a\x02bc', '\x01a\x02bc'],
    ['netstring uppercaser echo', '3:one,0:,', '3:ONE,0:,'],
    ['slip:invalid=discard echo', '\xc0one\xc0', '\xc0one\xc0'],
    ['cobs uppercaser echo', '\x04one\0', '\x04ONE\0'],
    ['json-lines echo', '{ "a" : 1 }\r\n\n[ ]\n', '{"a":1}\n[]\n'],
    ['lines json:16 echo', '[ 1 ]\n', '[1]\n'],
    ['length-prefixed:1 msgpack:bigints=true echo', '\x01\xc0', '\x01\xc0'],
    ['lines text:latin1 echo', 'one\n', 'one\n'],
    ['text:stream=true,invalid=replace echo', 'one', 'one'],
  ])('%s', (words, sent, expected) => {
    const embedded = embed(compose(words))
    embedded.writeInbound(Buffer.from(sent, 'latin1'))
    expect(embedded.error).toBeUndefined()
    expect(Buffer.concat(embedded.outbound).toString('latin1')).toBe(expected)
  })

  test.each([
    ['json echo', '"json" takes frame, but the connection gives bytes'],
    ['lines chunker msgpack echo', '"msgpack" takes frame, but "chunker" gives bytes'],
    ['json-lines lines echo', '"lines" takes bytes, but "json-lines" gives message'],
    ['lines:0 echo', 'option "lines.maxLength" must be an integer from 1 to 16777216 (bytes), not "0"'],
    ['lines json:schema=x echo', 'option "json.schema" must be given in code, not "x"'],
    ['length-prefixed:bytes=2,strip=3 echo', 'option "length-prefixed.strip" must be at most 2'],
  ])('%s is refused in words', (words, message) => {
    expect(() => compose(words)).toThrow(message)
  })

  test('serve: earlier answers go out before a bad line ends its connection, and one is logged', async () => {
    const serve = await startServe(['--tcp', '0', 'lines:maxLength=8', 'uppercaser', 'echo'])
    const socket = connect({ host: '127.0.0.1', port: serve.tcp, allowHalfOpen: true })
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.end('one\ntwo\nfar too long\nthree\n')
    expect((await buffer(socket)).toString()).toBe('ONE\nTWO\n')
    await serve.waitFor('connection failed', 'stderr')
    expect(serve.log.find(({ msg }) => msg === 'connection failed')).toMatchObject({
      plugin: 'lines',
      direction: 'inbound',
      error: expect.stringContaining('FrameTooLongError: a frame of 9 bytes exceeds the limit of 8 bytes') as unknown,
    })
    serve.kill('SIGTERM')
    expect((await serve.ended).code).toBe(0)
  })

  test('serve: a codec in the wrong place is one line and exit code 2', async () => {
    const { code, stderr } = await run(['serve', '--tcp', '0', 'json', 'echo'])
    expect(code).toBe(2)
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('"json" takes frame')])
  })
})
