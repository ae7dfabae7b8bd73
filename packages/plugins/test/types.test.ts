import { type Connection, definePlugin, handle, type Pipeline, pipeline, sendTo } from '@millrace/core'
import { pipe } from 'it-pipe'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { chunker, discard, echo, logging, uppercaser } from '../src/index.ts'

const lines = definePlugin({
  name: 'lines',
  produces: 'message',
  open: () => ({
    inbound: { push: (chunk: Uint8Array, emit: (line: string) => void) => emit(String(chunk)) },
    outbound: { push: (line: string, emit: (chunk: Uint8Array) => void) => emit(new TextEncoder().encode(line)) },
  }),
})

const lengths = definePlugin({
  name: 'lengths',
  produces: 'message',
  open: () => ({
    inbound: { push: (chunk: Uint8Array, emit: (length: number) => void) => emit(chunk.length) },
    outbound: { push: (text: string, emit: (chunk: Uint8Array) => void) => emit(new TextEncoder().encode(text)) },
  }),
})

describe('the types of the plugins', () => {
  test('fit each other in a pipeline', () => {
    const shout = pipeline(logging(), chunker({ size: 16 }), uppercaser(), echo())
    expectTypeOf(shout).toEqualTypeOf<Pipeline<Uint8Array, Uint8Array, true>>()
    expectTypeOf(pipeline(uppercaser(), logging())).toEqualTypeOf<Pipeline<Uint8Array, Uint8Array, false>>()
  })

  test('let logging, echo and discard stand behind messages', () => {
    expectTypeOf(pipeline(lines(), logging())).toEqualTypeOf<Pipeline<string, string, false>>()
    expectTypeOf(pipeline(lines(), logging(), echo())).toEqualTypeOf<Pipeline<string, string, true>>()
    expectTypeOf(pipeline(lengths(), discard())).toEqualTypeOf<Pipeline<number, string, true>>()
    pipeline(lines(), logging(), handle<string, string>(async () => {}))
  })

  test('refuse joints that cannot work', () => {
    const wrong = (): void => {
      // @ts-expect-error -- strings are no bytes
      pipeline(lines(), chunker(), echo())
      // @ts-expect-error -- numbers would come back where strings are sent
      pipeline(lengths(), echo())
      // @ts-expect-error -- there is no such option
      chunker({ sise: 1 })
      // @ts-expect-error -- there is no such value
      uppercaser({ invalid: 'ignore' })
      // @ts-expect-error -- echo has no options
      echo({ size: 1 })
    }
    expect(wrong).toBeTypeOf('function')
  })

  test('keep the type of items in the faces', () => {
    const faces = (connection: Connection): void => {
      void pipe(connection, logging().transform, uppercaser().transform, chunker().transform, connection)
      void pipe(connection, echo().transform, connection)
      connection.data$.pipe(logging().operator, uppercaser().operator, chunker().operator, sendTo(connection))
      connection.data$.pipe(echo().operator, sendTo(connection))
      expectTypeOf(logging<string>().transform(['a'])).toEqualTypeOf<AsyncIterableIterator<string>>()
      expectTypeOf(logging<number>().outbound.transform([1])).toEqualTypeOf<AsyncIterableIterator<number>>()
    }
    expect(faces).toBeTypeOf('function')
  })
})
