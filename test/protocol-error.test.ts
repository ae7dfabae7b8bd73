import { FrameTooLongError, handle, type MessageConnection, pipeline, PluginError, respond, type ServerEventOf } from '@millrace/core'
import { lines, text } from '@millrace/plugins'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { afterEach, describe, expect, test } from 'vitest'
import { type Running, type ServingPipeline, streams, type TestTransport, transports } from './support/transports.ts'

type Client = MessageConnection<string, string>

/** Lines of up to eight bytes, so that the third is none. */
const INPUT = Buffer.from('one\ntwo\nfar too long to be a line\nfour\n')

const linesTo = (serve: (client: Client) => Promise<void>): ServingPipeline =>
  pipeline(lines({ maxLength: 8 }), text(), handle<string, string>(serve)) as unknown as ServingPipeline

describe.each(streams)('over $name, a peer that breaks the protocol', (transport) => {
  const started: Running[] = []
  afterEach(async () => {
    for (const { server } of started.splice(0)) {
      server.abort()
      await server.closed
    }
  })

  /** What the peer gets until the end, and with what its connection ended on the server, as often as that was said. */
  async function answersOf(served: ServingPipeline): Promise<{ readonly got: string; readonly errors: readonly unknown[] }> {
    const running = await transport.start(served)
    started.push(running)
    const errors: unknown[] = []
    const gone = new Promise<void>((resolve) => {
      running.server.events$.subscribe((event) => {
        if ('error' in event) errors.push((event as ServerEventOf<'connection-closed'>).error)
        if (event.type === 'connection-closed') resolve()
      })
    })
    const client = await running.connect()
    client.write(INPUT)
    let got = ''
    // A reset would throw here.
    for await (const chunk of client) got += Buffer.from(chunk).toString()
    await client.close()
    await gone
    return { got, errors }
  }

  test('has its good lines answered by a handler that iterates, with a last word after them, before the end', async () => {
    const seen: unknown[] = []
    const served = linesTo(async (client) => {
      try {
        for await (const line of client) {
          await new Promise((resolve) => setImmediate(resolve))
          seen.push(line)
          client.write(`${line}!`)
        }
      } catch (error) {
        seen.push(error)
        await new Promise((resolve) => setImmediate(resolve))
        client.write('goodbye')
      }
      void client.closed.then((info) => seen.push(info.error))
    })
    const { got, errors } = await answersOf(served)
    expect(got).toBe('one!\ntwo!\ngoodbye\n')
    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(PluginError)
    expect((errors[0] as Error).cause).toBeInstanceOf(FrameTooLongError)
    await Promise.resolve()
    expect(seen).toEqual(['one', 'two', errors[0], errors[0]])
  })

  test('has them answered by a handler that lets the error pass', async () => {
    const served = linesTo(async (client) => {
      for await (const line of client) client.write(`${line}!`)
    })
    const { got, errors } = await answersOf(served)
    expect(got).toBe('one!\ntwo!\n')
    expect(errors).toEqual([expect.objectContaining({ plugin: 'lines', phase: 'push', direction: 'inbound' })])
  })

  test('has them answered by respond, whose answers take a while', async () => {
    const answer = async (line: string): Promise<string> => {
      await new Promise((resolve) => setImmediate(resolve))
      return `${line}!`
    }
    const served = pipeline(lines({ maxLength: 8 }), text(), respond<string, string>(answer)) as unknown as ServingPipeline
    const { got, errors } = await answersOf(served)
    expect(got).toBe('one!\ntwo!\n')
    expect(errors).toHaveLength(1)
  })
})

test('over tcp, a client gets what came before it, and its last word goes out', async () => {
  let got = ''
  const server = await createTcpServer(
    pipeline(
      handle(async (peer) => {
        peer.write(INPUT)
        for await (const chunk of peer) got += Buffer.from(chunk).toString()
      }),
    ),
  ).listen({ port: 0 })
  const client = await connectTcp({ port: server.address?.port as number }, pipeline(lines({ maxLength: 8 }), text()))
  const seen: unknown[] = []
  try {
    for await (const line of client) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(line)
      client.write(`${line}!`)
    }
  } catch (error) {
    seen.push(error)
    client.write('goodbye')
  }
  const { error } = await client.closed
  await server.close()
  expect(seen).toEqual(['one', 'two', error])
  expect(got).toBe('one!\ntwo!\ngoodbye\n')
})

test('over udp, it costs the rest of its datagram', async () => {
  const seen: string[] = []
  const running = await (transports.find(({ datagram }) => datagram) as TestTransport).start(
    linesTo(async (client) => {
      for await (const line of client) {
        seen.push(line)
        client.write(`${line}!`)
      }
    }),
  )
  const dropped: unknown[] = []
  running.server.events$.subscribe((event) => void (event.type === 'frame-dropped' && dropped.push(event.error)))
  const client = await running.connect()
  client.write(INPUT)
  client.write(Buffer.from('five\n'))
  let got = ''
  for await (const chunk of client) {
    got += Buffer.from(chunk).toString()
    if (got.includes('five')) break
  }
  expect(got).toBe('one!\ntwo!\nfive!\n')
  expect(seen).toEqual(['one', 'two', 'five'])
  expect(dropped).toEqual([expect.any(FrameTooLongError)])
  await client.close()
  running.server.abort()
  await running.server.closed
})
