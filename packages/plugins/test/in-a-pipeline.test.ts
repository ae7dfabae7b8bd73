import { Buffer } from 'node:buffer'
import {
  buildPipeline,
  composePipeline,
  CorruptFrameError,
  createContainer,
  LOGGER,
  PluginError,
  pipeline,
  type SocketAddress,
  StatelessRun,
  UnexpectedEndError,
} from '@millrace/core'
import { embed, type EmbedOptions, everySplit, joined, recordingLogger, VirtualClock } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { chunker, discard, echo, fixedLength, logging, uppercaser } from '../src/index.ts'
import { textOf } from './drive.ts'

const shout = pipeline(logging({ format: 'text' }), chunker({ size: 4 }), uppercaser(), echo())

/** What comes back for these chunks, the end included. */
function answers(chunks: readonly Uint8Array[], options?: EmbedOptions): ReturnType<typeof embed> {
  const embedded = embed(shout, options)
  embedded.writeInbound(...chunks)
  embedded.endInbound()
  return embedded
}

describe('the plugins in a pipeline', () => {
  test('give the same bytes however the input is cut', () => {
    for (const chunks of everySplit(Buffer.from('straße, όσος\n'))) {
      expect(Buffer.from(joined(answers(chunks).outbound as Uint8Array[])).toString()).toBe('STRASSE, ΌΣΟΣ\n')
    }
  })

  test('send the last word and then end', () => {
    const { outbound, outboundEnded, closed } = answers([Buffer.of(0x61, 0xe2)])
    expect(textOf(outbound as Uint8Array[])).toBe('A\ufffd')
    expect([outboundEnded, closed?.error]).toEqual([true, undefined])
  })

  test('answer one datagram with one, whole or cut, empty or not', () => {
    const embedded = embed(pipeline(logging(), uppercaser(), echo()), { datagram: true })
    embedded.writeInbound(Buffer.from('ab'), Buffer.alloc(0), Buffer.of(0x61, 0xe2), Buffer.of(0x82))
    expect(embedded.outbound.map((chunk) => textOf([chunk]))).toEqual(['AB', '', 'A\ufffd', '\ufffd'])
  })

  test('take each frame behind a framer for a text of its own, and pieces of it behind a chunker not', () => {
    const bytes = Buffer.from([0x61, 0xc3, 0xa9, 0x62])
    const upper = (...between: readonly ReturnType<typeof chunker>[]): string[] => {
      const embedded = embed(composePipeline([fixedLength({ size: 2 }), logging(), ...between, uppercaser()] as never))
      embedded.writeInbound(bytes)
      return embedded.inbound.map((item) => textOf([item as Uint8Array]))
    }
    expect(upper()).toEqual(['A\ufffd', '\ufffdB'])
    expect(upper(chunker({ size: 2 }))).toEqual(['A', '\u00c9B'])
    const datagrams = embed(pipeline(fixedLength({ size: 2 }), uppercaser()), { datagram: true })
    datagrams.writeInbound(bytes)
    expect(datagrams.inbound.map((item) => textOf([item]))).toEqual(['A\ufffd', '\ufffdB'])
  })

  test('give nothing of a frame that is no text, where that is asked', () => {
    const embedded = embed(pipeline(fixedLength({ size: 2 }), uppercaser({ invalid: 'error' })))
    embedded.writeInbound(Buffer.from('ok'), Buffer.from([0x61, 0xc3]), Buffer.from([0xa9, 0x62]))
    expect(textOf(embedded.inbound)).toBe('OK')
    expect(embedded.error?.cause).toBeInstanceOf(CorruptFrameError)
  })

  test('drop a bad datagram and serve the next', () => {
    const embedded = embed(pipeline(uppercaser({ invalid: 'error' }), echo()), { datagram: true })
    embedded.writeInbound(Buffer.of(0x61, 0xff), Buffer.of(0x61, 0xe2), Buffer.from('ok'))
    expect(textOf(embedded.outbound)).toBe('OK')
    const dropped = embedded.events.flatMap((event) => (event.type === 'frame-dropped' ? [event.error] : []))
    expect(dropped).toEqual([expect.any(CorruptFrameError), expect.any(CorruptFrameError)])
    expect(embedded.closed).toBeUndefined()
  })

  test.each([
    ['push', [Buffer.of(0x61, 0xff)], CorruptFrameError],
    ['end', [Buffer.of(0x61, 0xe2)], UnexpectedEndError],
  ])('end a stream of bad text in %s, with the error naming the plugin', (phase, chunks, cause) => {
    const embedded = embed(pipeline(uppercaser({ invalid: 'error' }), echo()))
    embedded.writeInbound(...chunks)
    embedded.endInbound()
    expect(textOf(embedded.outbound)).toBe('A')
    expect(embedded.error).toBeInstanceOf(PluginError)
    const facts = { plugin: 'uppercaser', direction: 'inbound', phase }
    expect(embedded.error).toMatchObject({ ...facts, cause: expect.any(cause) as unknown })
  })

  test('discard takes all, says nothing and ends', () => {
    const embedded = embed(pipeline(discard()), { poison: true })
    embedded.writeInbound(Buffer.from('a'), Buffer.from('b'))
    expect([embedded.outbound, embedded.outboundEnded]).toEqual([[], false])
    embedded.endInbound()
    expect([embedded.outbound, embedded.outboundEnded]).toEqual([[], true])
  })

  test('log both directions in the order in which they went by, and the time it took', () => {
    const clock = new VirtualClock()
    const embedded = embed(pipeline(logging({ format: 'text' }), uppercaser(), echo()), { clock })
    embedded.writeInbound(Buffer.from('a'))
    clock.advance(1500)
    embedded.writeInbound(Buffer.from('bc'))
    embedded.endInbound()
    expect(embedded.logs.map(({ message, fields }) => [message, fields['offset'], fields['payload']])).toEqual([
      ['connection opened', undefined, undefined],
      ['inbound', 0, 'a'],
      ['outbound', 0, 'A'],
      ['inbound', 1, 'bc'],
      ['outbound', 1, 'BC'],
      ['connection closed', undefined, undefined],
    ])
    expect(embedded.logs.at(-1)?.fields).toMatchObject({ bytesRead: 3, bytesWritten: 3, duration: 1500 })
  })

  test('log each datagram from offset 0, in both directions', () => {
    const embedded = embed(pipeline(logging(), echo()), { datagram: true })
    embedded.writeInbound(Buffer.from('ab'), Buffer.from('cd'))
    const offsets = embedded.logs.flatMap(({ fields }) => ('offset' in fields ? [fields['offset']] : []))
    expect(offsets).toEqual([0, 0, 0, 0])
  })

  test('log how a connection failed', () => {
    const embedded = embed(pipeline(logging(), uppercaser({ invalid: 'error' }), echo()))
    embedded.writeInbound(Buffer.of(0xff))
    expect(embedded.closed).toBeDefined()
    expect(embedded.logs.at(-1)?.fields).toMatchObject({
      error: 'MILLRACE_ERR_PLUGIN_FAILED',
      cause: 'MILLRACE_ERR_CORRUPT_FRAME',
    })
  })

  test('go on without a logger that throws, and the server hears of it once', () => {
    const failure = new Error('disk full')
    const broken = { ...recordingLogger(), info: () => { throw failure } }
    const container = createContainer().register(LOGGER, { useValue: broken })
    const embedded = answers([Buffer.from('a'), Buffer.from('b')], { container })
    expect(textOf(embedded.outbound as Uint8Array[])).toBe('AB')
    expect(embedded.error).toBeUndefined()
    const events = embedded.events.filter(({ type }) => type === 'plugin-event')
    const payload = { type: 'logging-failed', error: failure }
    expect(events).toEqual([expect.objectContaining({ plugin: 'logging', payload })])
  })

  test('serve all peers with one set of stages, and log who it was', () => {
    const peer = (port: number): SocketAddress => ({ address: '127.0.0.1', port, family: 'IPv4' })
    const logger = recordingLogger()
    const container = createContainer().register(LOGGER, { useValue: logger })
    const sent: [string, number][] = []
    const run = new StatelessRun(buildPipeline(shout, container), {
      localAddress: peer(1),
      clock: new VirtualClock(),
      maxPushBytes: 1000,
      report: () => {},
      send: (chunk, { port }) => void sent.push([textOf([chunk]), port]),
    })
    run.receive(Buffer.from('ab'), peer(7))
    run.receive(Buffer.of(0xc3), peer(8))
    run.receive(Buffer.from('cd'), peer(7))
    run.close()
    expect(sent).toEqual([['AB', 7], ['\ufffd', 8], ['CD', 7]])
    const inbound = logger.lines.filter(({ message }) => message === 'inbound')
    expect(inbound.map(({ fields }) => fields['remoteAddress'])).toEqual(['127.0.0.1:7', '127.0.0.1:8', '127.0.0.1:7'])
  })
})
