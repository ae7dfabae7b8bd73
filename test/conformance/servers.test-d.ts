// Checked by the compiler alone: what stands here compiles, and what is marked as an error is one.
import { type Connection, definePlugin, handle, type MessageConnection, pipeline } from '@millrace/core'
import { echo, uppercaser } from '@millrace/plugins'
import { connectTcp, createTcpServer, type TcpServer } from '@millrace/tcp'
import { connectUdp, createUdpServer, type UdpServer, type UdpSession } from '@millrace/udp'

type Bytes = Uint8Array
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles where the type is `true`. */
const holds = <_T extends true>(): void => {}

const lines = definePlugin<Bytes, string, string, Bytes, Record<never, never>, Record<never, never>, 'message'>({
  name: 'lines',
  produces: 'message',
  open: () => ({}),
})
const shout = pipeline(uppercaser(), echo())
const chat = pipeline(lines(), handle<string, string>(() => {}))

export const made = {
  tcp: () => createTcpServer(),
  udp: () => createUdpServer(),
  tcpShout: () => createTcpServer(shout),
  udpChat: () => createUdpServer(chat),
  tcpLines: () => connectTcp({ port: 1 }, pipeline(lines())),
  udpBytes: () => connectUdp({ port: 1 }),
}
type Made = { readonly [Name in keyof typeof made]: ReturnType<(typeof made)[Name]> }

// A server without a pipeline gives connections, one with a pipeline its messages.
holds<Equal<Made['tcp'], TcpServer<Connection>>>()
holds<Equal<Made['udp'], UdpServer<UdpSession>>>()
holds<Equal<Made['tcpShout'], TcpServer<MessageConnection<Bytes, Bytes>>>>()
holds<Equal<Made['udpChat'], UdpServer<MessageConnection<string, string>>>>()
holds<Equal<Made['tcpLines'], Promise<MessageConnection<string, string>>>>()
holds<Equal<Made['udpBytes'], Promise<UdpSession>>>()

export const refused = {
  // @ts-expect-error no handler at its end
  tcp: () => createTcpServer(pipeline(uppercaser())),
  // @ts-expect-error no handler at its end
  udp: () => createUdpServer(pipeline(lines())),
  // @ts-expect-error a handler, where the client itself holds the messages
  tcpClient: () => connectTcp({ port: 1 }, shout),
  // @ts-expect-error a handler, where the client itself holds the messages
  udpClient: () => connectUdp({ port: 1 }, chat),
  // @ts-expect-error a plugin and no pipeline
  plugin: () => createTcpServer(echo()),
  // @ts-expect-error misspelt
  option: () => createTcpServer(shout, { idelTimeout: 5 }),
  // @ts-expect-error of another type
  listen: () => createTcpServer(shout).listen({ port: '10000' }),
}
