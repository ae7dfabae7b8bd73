import { describe, expect, test } from 'vitest'
import { type MessageConnection, pipeline, PluginError, type ServerEvent } from '../src/index.ts'
import { buildClientPipeline, runClient } from '../src/pipeline/run-client.ts'
import { type BaseConnection } from '../src/index.ts'
import { collect, connectionPair } from '../src/testing/index.ts'
import { encode, lines, staged, textOf } from './support/plugins.ts'

type Text = MessageConnection<string, string>

interface Client {
  readonly messages: Text
  readonly remote: BaseConnection
  readonly events: ServerEvent[]
}

function client(...before: ReturnType<typeof staged>[]): Client {
  const events: ServerEvent[] = []
  const [connection, remote] = connectionPair()
  const built = buildClientPipeline(pipeline(...before, lines()) as never)
  const report = (event: ServerEvent): void => void events.push(event)
  const messages = runClient(connection, built, { highWaterMark: 65_536, maxPushBytes: 2 ** 20, report })
  return { messages: messages as Text, remote, events }
}

describe('the messages of a client', () => {
  test('are read and written through its pipeline', async () => {
    const { messages, remote } = client()
    messages.write('question')
    remote.write(encode('ans'))
    remote.write(encode('wer\n'))
    for await (const message of messages) {
      expect(message).toBe('answer')
      break
    }
    await messages.closeWrite()
    expect(textOf(await collect(remote))).toBe('question\n')
    remote.abort()
    await messages.closed
  })

  test('may be pushed, and sunk', async () => {
    const { messages, remote } = client()
    const seen: string[] = []
    messages.data$.subscribe({ next: (message) => seen.push(message), complete: () => seen.push('END') })
    await Promise.all([remote.sink([encode('a\nb\n')]), messages.sink(['c', 'd'])])
    expect(textOf(await collect(remote))).toBe('c\nd\n')
    await messages.closed
    expect(seen).toEqual(['a', 'b', 'END'])
  })

  test('end with the PluginError of a plugin that failed', async () => {
    const boom = staged('boom', () => ({
      inbound: {
        push: () => {
          throw new RangeError('no')
        },
      },
    }))
    const { messages, remote } = client(boom)
    remote.write(encode('x'))
    await expect(collect(messages)).rejects.toBeInstanceOf(PluginError)
    expect((await messages.closed).error).toMatchObject({ plugin: 'boom' })
    await remote.closed
  })

  test('are never draining', () => {
    const { messages, remote } = client()
    expect(messages.draining.aborted).toBe(false)
    messages.abort()
    remote.abort()
  })

  test('let the plugins be disposed of when the connection is gone; a failure of that is reported', async () => {
    const cause = new RangeError('no')
    const disposing = staged('disposing', () => ({}), { dispose: () => Promise.reject(cause) })
    const { messages, remote, events } = client(disposing)
    remote.abort()
    messages.abort()
    await messages.closed
    await new Promise((resolve) => setImmediate(resolve))
    expect(events).toMatchObject([{ type: 'listener-error', error: { errors: [cause] } }])
  })
})
