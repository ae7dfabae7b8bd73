import { describe, expectTypeOf, test } from 'vitest'
import { type Frame, type Handler, pipeline, respond } from '../src/index.ts'

interface Query {
  readonly id: number
}
interface Reply {
  readonly to: number
}

describe('respond', () => {
  test('takes the type of its messages out from the answers, of which bytes and strings are one', () => {
    expectTypeOf(respond((chunk) => chunk)).toEqualTypeOf<Handler<Uint8Array, Uint8Array>>()
    const some = respond((chunk) => (chunk.length > 1 ? chunk : undefined))
    expectTypeOf(some).toEqualTypeOf<Handler<Uint8Array, Uint8Array>>()
    expectTypeOf(respond(async (text: string) => text.trim())).toEqualTypeOf<Handler<string, string>>()
    expectTypeOf(respond(({ id }: Query) => [{ to: id }, { to: 0 }])).toEqualTypeOf<Handler<Query, { to: number }>>()
    expectTypeOf(respond(() => {})).toEqualTypeOf<Handler<Uint8Array, never>>()
    const replies = respond(async function* ({ id }: Query): AsyncGenerator<Reply> {
      yield { to: id }
    })
    expectTypeOf(replies).toEqualTypeOf<Handler<Query, Reply>>()
  })

  test('takes both types where they are given', () => {
    expectTypeOf(respond<Query, Reply>(async () => [{ to: 1 }])).toEqualTypeOf<Handler<Query, Reply>>()
    expectTypeOf(respond<Query, Reply>(() => ({ to: 1 }), { concurrency: 2 })).toEqualTypeOf<Handler<Query, Reply>>()
    // @ts-expect-error the answer is no Reply
    respond<Query, Reply>(() => ({ from: 1 }))
  })

  test('fits bytes on both sides', () => {
    pipeline(respond((chunk) => Buffer.from(chunk)))
    // @ts-expect-error a number is no bytes
    pipeline(respond((chunk) => chunk.length))
    // @ts-expect-error bytes are no frame
    pipeline(respond((frame: Frame) => frame))
  })
})
