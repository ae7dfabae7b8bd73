import { PluginError, type ServerEventOf } from '@millrace/core'
import { chunker, logging, uppercaser } from '@millrace/plugins'
import { afterEach, describe, expect, test } from 'vitest'
import { type BytePlugin, type Face, faces } from './support/faces.ts'
import { type Running, type TestTransport, transports } from './support/transports.ts'
import { awaiting, counting, failing, tenfold, totalling } from './support/unkind-plugins.ts'

interface Case {
  readonly name: string
  readonly plugins: () => BytePlugin[]
  /** What comes back for all that was sent, which went in pieces of {@link PIECE} bytes. */
  readonly expected: (input: Buffer) => Buffer
}

const unit = 'Straße, 강물, millrace; '
/** A whole number of units, because a character that is cut by the end of a datagram is not valid in it. */
const PIECE = 40 * Buffer.byteLength(unit)
const input = Buffer.from(unit.repeat(400))

const pieces = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, i) => bytes.subarray(i * PIECE, (i + 1) * PIECE))
const log = (): BytePlugin => logging({ level: 'debug' }) as unknown as BytePlugin

const cases: readonly Case[] = [
  { name: 'logging', plugins: () => [log()], expected: (bytes) => bytes },
  { name: 'chunker', plugins: () => [chunker({ size: 16 })], expected: (bytes) => bytes },
  {
    name: 'the four plugins',
    plugins: () => [log(), uppercaser(), chunker({ size: 16 })],
    expected: (bytes) => Buffer.from(bytes.toString().toUpperCase()),
  },
  {
    name: 'one that expands tenfold',
    plugins: () => [chunker({ size: PIECE }), tenfold()],
    expected: (bytes) => Buffer.concat(pieces(bytes).flatMap((piece) => Array.from({ length: 10 }, () => piece))),
  },
  {
    name: 'one that keeps state over chunks',
    plugins: () => [chunker({ size: 7 }), counting()],
    expected: (bytes) => Buffer.from(bytes.map((byte, i) => byte + i)),
  },
  { name: 'one that awaits', plugins: () => [chunker({ size: 300 }), awaiting()], expected: (bytes) => bytes },
  {
    name: 'one that emits at the end alone',
    plugins: () => [totalling()],
    expected: (bytes) => Buffer.from(`${bytes.length}`),
  },
]

/** Sends the input, on a datagram connection piece by piece, and gathers what comes back. */
async function exchange(running: Running, datagram: boolean, expected: Buffer): Promise<Buffer> {
  const client = await running.connect()
  const received: Uint8Array[] = []
  const reading = (async () => {
    let length = 0
    for await (const chunk of client) {
      received.push(chunk)
      length += chunk.byteLength
      if (datagram && length >= expected.length) break
    }
  })()
  for (const piece of datagram ? pieces(Buffer.from(input)) : [input]) {
    client.write(piece)
    await client.drain()
  }
  if (!datagram) await client.closeWrite()
  await reading
  await client.close()
  return Buffer.concat(received)
}

describe('one pipeline, three faces, any transport', () => {
  const started: Running[] = []
  const start = async (face: Face, transport: TestTransport, plugins: BytePlugin[]): Promise<Running> => {
    const running = await face.start(transport, plugins)
    started.push(running)
    return running
  }
  afterEach(async () => {
    for (const { server } of started.splice(0)) {
      server.abort()
      await server.closed
    }
  })

  for (const transport of transports) {
    for (const face of faces) {
      for (const { name, plugins, expected } of cases) {
        test(`${name}: ${face.name} over ${transport.name}`, async () => {
          const list = plugins()
          const want = expected(input)
          const running = await start(face, transport, list)
          const got = await exchange(running, transport.datagram, want)
          expect(got.toString('latin1')).toBe(want.toString('latin1'))
        })
      }

      test(`one that throws: ${face.name} over ${transport.name}`, async () => {
        const running = await start(face, transport, [failing()])
        const failure = new Promise<ServerEventOf<'connection-closed'>>((resolve) => {
          running.server.events$.subscribe((event) => {
            if (event.type === 'connection-closed' && event.error) resolve(event)
          })
        })
        const client = await running.connect()
        client.write(input.subarray(0, 500))
        const { error } = await failure
        expect(error).toBeInstanceOf(PluginError)
        expect(error).toMatchObject({ plugin: 'failing', direction: 'inbound', offset: 0 })
        expect((error as PluginError).remoteAddress).toEqual(client.localAddress)
        expect(running.server.counters.failed).toBe(1)
        client.abort()
      })
    }
  }
})

