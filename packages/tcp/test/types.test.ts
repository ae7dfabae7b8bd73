import { type Connection, definePlugin, type MessageConnection, pipeline, respond } from '@millrace/core'
import { describe, expectTypeOf, test } from 'vitest'
import { connectTcp, createTcpServer, reconnectTcp, type TcpListenOptions, type TcpServer } from '../src/index.ts'

const text = definePlugin({
  name: 'text',
  produces: 'message',
  open: () => ({
    inbound: { push: (chunk: Uint8Array, emit: (message: string) => void) => emit(Buffer.from(chunk).toString()) },
    outbound: { push: (message: string, emit: (chunk: Uint8Array) => void) => emit(Buffer.from(message)) },
  }),
})

/** Checked by the compiler alone: never called. */
export function clients(): void {
  expectTypeOf(connectTcp({ port: 7 })).resolves.toEqualTypeOf<Connection>()
  expectTypeOf(connectTcp({ port: 7 }, pipeline(text()))).resolves.toEqualTypeOf<MessageConnection<string, string>>()
  // @ts-expect-error a client's pipeline has no handler
  void connectTcp({ port: 7 }, pipeline(respond<Uint8Array, Uint8Array>((chunk) => chunk)))
  // @ts-expect-error a misspelt option
  void connectTcp({ prot: 7 })
  expectTypeOf(reconnectTcp({ port: 7 })[Symbol.asyncIterator]().next()).resolves.toEqualTypeOf<
    IteratorResult<Connection>
  >()
}

/** Checked by the compiler alone: never called. */
export function servers(): void {
  // @ts-expect-error a server's pipeline has a handler
  createTcpServer(pipeline(text()))
  // @ts-expect-error options are the second argument
  createTcpServer({ maxConnections: 1 })
  // @ts-expect-error pauseOnConnect is ours to decide
  createTcpServer(undefined, { pauseOnConnect: true })
}

describe('types', () => {
  test('a server with a pipeline holds its messages, one without them connections', () => {
    const serving = createTcpServer(pipeline(text(), respond<string, string>((message) => message)))
    expectTypeOf(serving).toEqualTypeOf<TcpServer<MessageConnection<string, string>>>()
    expectTypeOf(createTcpServer()).toEqualTypeOf<TcpServer<Connection>>()
    expectTypeOf<Parameters<TcpServer<Connection>['listen']>[0]>().toEqualTypeOf<TcpListenOptions | undefined>()
  })
})
