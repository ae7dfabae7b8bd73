import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  handle,
  IdleTimeoutError,
  InvalidOptionError,
  type MessageConnection,
  pipeline,
  PluginError,
  type Stage,
} from '../src/index.ts'
import { embed } from '../src/testing/index.ts'
import { encode, lines, staged, textOf } from './support/plugins.ts'

describe('handle', () => {
  test('serves each connection once, with its messages', async () => {
    const greet = pipeline(
      lines(),
      handle<string, string>(async (connection) => {
        for await (const name of connection) connection.write(`hello ${name}`)
      }),
    )
    for (const name of ['ada', 'grace']) {
      const embedded = embed(greet)
      embedded.writeInbound(encode(`${name}\n`))
      await embedded.settled()
      expect(textOf(embedded.outbound)).toBe(`hello ${name}\n`)
    }
  })

  test('ends the output when it resolves, after the last word of the outbound stages', async () => {
    const outbound: Stage<Uint8Array, Uint8Array> = {
      push: (chunk, emit) => emit(chunk),
      end: (emit) => emit(encode('.')),
    }
    const last = staged('last', () => ({ outbound }))
    const embedded = embed(pipeline(last, handle(async (connection) => void connection.write(encode('bye')))))
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('bye.')
    expect(embedded.outboundEnded).toBe(true)
    expect(embedded.closed).toBeUndefined()
  })

  test('has further input discarded once it resolved, and closes when the peer ends', async () => {
    const embedded = embed(pipeline(handle(() => {})))
    await embedded.settled()
    embedded.writeInbound(new Uint8Array(1024 * 1024))
    expect(embedded.reading).toBe(true)
    embedded.endInbound()
    expect(embedded.closed).toEqual({ initiator: 'local' })
  })

  test('has a peer that goes on sending closed after lingerTimeout', async () => {
    const embedded = embed(pipeline(handle(() => {})), { lingerTimeout: 1000 })
    await embedded.settled()
    embedded.clock.advance(999)
    expect(embedded.closed).toBeUndefined()
    embedded.clock.advance(1)
    expect(embedded.closed).toEqual({ initiator: 'local' })
  })

  test('leaves no timer when the connection closes within lingerTimeout', async () => {
    const embedded = embed(pipeline(handle(() => {})))
    await embedded.settled()
    embedded.endInbound()
    expect(embedded.clock.pending).toBe(0)
  })

  test.each([[new RangeError('no')], [undefined], ['text']])('aborts when it throws %s', async (thrown) => {
    const embedded = embed(
      pipeline(
        handle(async (connection) => {
          connection.write(encode('discarded'))
          throw thrown
        }),
      ),
    )
    await embedded.settled()
    expect(embedded.error).toBeInstanceOf(PluginError)
    expect(embedded.error).toMatchObject({ plugin: 'handle', phase: 'handler' })
    expect(embedded.error?.cause).toBe(thrown)
    expect(embedded.events.filter((event) => 'error' in event)).toHaveLength(1)
  })

  test('may be a plain function, which may throw before it returns', async () => {
    const embedded = embed(
      pipeline(
        handle(() => {
          throw new RangeError('no')
        }),
      ),
    )
    await embedded.settled()
    expect(embedded.error).toMatchObject({ plugin: 'handle', phase: 'handler' })
  })

  test('is told of a failure by what it reads, and is not blamed for it', async () => {
    let seen: unknown
    const embedded = embed(
      pipeline(
        handle(async (connection) => {
          try {
            for await (const _ of connection);
          } catch (error) {
            seen = error
            throw error
          }
        }),
      ),
      { idleTimeout: 1000 },
    )
    await embedded.settled()
    embedded.clock.advance(1000)
    await embedded.settled()
    expect(embedded.error).toBeInstanceOf(IdleTimeoutError)
    expect(seen).toBe(embedded.error)
  })

  test('sees the end of its messages, and may answer after it', async () => {
    const embedded = embed(
      pipeline(
        handle(async (connection) => {
          let bytes = 0
          for await (const { byteLength } of connection) bytes += byteLength
          connection.write(encode(String(bytes)))
        }),
      ),
    )
    embedded.writeInbound(new Uint8Array(70), new Uint8Array(30))
    embedded.endInbound()
    await embedded.settled()
    expect(textOf(embedded.outbound)).toBe('100')
    expect(embedded.closed).toEqual({ initiator: 'remote' })
  })

  test('that does not read holds the peer back', async () => {
    const embedded = embed(pipeline(handle(() => new Promise(() => {}))), { highWaterMark: 4096 })
    embedded.writeInbound(...Array.from({ length: 20 }, () => new Uint8Array(1024)))
    await embedded.settled()
    expect(embedded.reading).toBe(false)
    expect(embedded.connection.bytesRead).toBeLessThanOrEqual(5 * 1024)
  })

  test('refuses what is no function, at once', () => {
    expect(() => handle('text' as never)).toThrow(InvalidOptionError)
  })

  test('is given the types of the messages', () => {
    handle<string, number>((connection) => {
      expectTypeOf(connection).toEqualTypeOf<MessageConnection<string, number>>()
    })
    handle((connection) => {
      expectTypeOf(connection).toEqualTypeOf<MessageConnection<Uint8Array, Uint8Array>>()
    })
  })
})
