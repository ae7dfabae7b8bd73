import diagnostics from 'node:diagnostics_channel'
import type { Socket } from 'node:dgram'
import {
  type Connection,
  DatagramTooLargeError,
  definePlugin,
  pipeline,
  respond,
  type Server,
  type ServerEvent,
} from '@millrace/core'
import { echo } from '@millrace/plugins'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { afterEach, expect, test, vi } from 'vitest'
import { seededBytes } from './support/bytes.ts'
import { expectQuietProcess } from './support/failures.ts'
import type { ServingPipeline } from './support/transports.ts'
import { describeOnDrivers } from './support/udp-drivers.ts'

type UdpServer = Server<Connection, object>
const LARGEST = 65_507
const everything = seededBytes(LARGEST)

/** Puts one byte more into each answer than came. */
const growing = definePlugin({
  name: 'growing',
  perDatagram: true,
  open: () => ({
    inbound: {
      push: (chunk: Uint8Array, emit: (chunk: Uint8Array) => void) => emit(Buffer.concat([chunk, Buffer.of(0)])),
    },
  }),
})

const answering: Readonly<Record<string, (growing: ServingPipeline) => UdpServer>> = {
  sessions: (serving) => createUdpServer(serving) as unknown as UdpServer,
  'no sessions': (serving) => createUdpServer(serving, { stateless: true }) as unknown as UdpServer,
}
const ends = { echo: () => echo(), respond: () => respond((chunk: Uint8Array) => chunk) }

describeOnDrivers('UDP at its edges', (driver) => {
  expectQuietProcess()
  let server: UdpServer
  let socket: Socket
  let drops: ServerEvent[] = []
  let clients: Connection[] = []
  const onSocket = (message: unknown): void => void ({ socket } = message as { socket: Socket })
  afterEach(async () => {
    for (const client of clients) client.abort()
    server.abort()
    await server.closed
    clients = []
    drops = []
  })

  const listen = async (made: UdpServer): Promise<number> => {
    server = made
    server.events$.subscribe((event) => void (event.type === 'datagram-dropped' && drops.push(event)))
    // The one socket that is made meanwhile is the server's.
    diagnostics.subscribe('udp.socket', onSocket)
    await server.listen({ port: 0 })
    diagnostics.unsubscribe('udp.socket', onSocket)
    return server.address?.port ?? 0
  }
  const connect = async (port: number): Promise<Connection> => {
    const client = await connectUdp({ port })
    clients.push(client)
    return client
  }
  /** Whether exactly this comes back, as one datagram. */
  const isEchoed = async (client: Connection, data: Uint8Array, answer = data): Promise<boolean> => {
    client.write(data)
    for await (const datagram of client) return Buffer.compare(datagram, answer) === 0
    return false
  }

  for (const [mode, make] of Object.entries(answering)) {
    for (const [end, last] of Object.entries(ends)) {
      test.each([0, 1, LARGEST])(`a datagram of %i bytes is answered as one: ${end}, ${mode}`, async (size) => {
        const client = await connect(await listen(make(pipeline(last()) as ServingPipeline)))
        expect(await isEchoed(client, everything.subarray(0, size))).toBe(true)
        expect(server.counters.datagramsDropped).toBe(0)
      })

      test(`an answer of 65,508 bytes is dropped and counted, and the next goes out: ${end}, ${mode}`, async () => {
        const client = await connect(await listen(make(pipeline(growing(), last()) as ServingPipeline)))
        client.write(everything)
        await vi.waitFor(() => expect(drops).toHaveLength(1))
        expect(drops[0]).toMatchObject({
          direction: 'outbound',
          reason: 'too-large',
          bytes: LARGEST + 1,
          remoteAddress: client.localAddress,
          error: { code: 'MILLRACE_ERR_DATAGRAM_TOO_LARGE' },
        })
        expect(await isEchoed(client, Buffer.from('x'), Buffer.from('x\0'))).toBe(true)
        expect(server.counters).toMatchObject({ failed: 0, datagramsDroppedFor: { 'too-large': 1 } })
      })

      // Forged by way of Node's socket; what they come to is the same code on every driver.
      test.runIf(driver === 'node').each([
        ['source-port-0', () => 0],
        ['own-address', (port: number) => port],
      ] as const)(`a datagram is dropped and counted for ${end}, ${mode}: %s`, async (reason, portOf) => {
        const port = await listen(make(pipeline(last()) as ServingPipeline))
        const from = { address: '127.0.0.1', family: 'IPv4', port: portOf(port), size: 6 }
        for (let i = 0; i < 3; i++) socket.emit('message', Buffer.from('forged'), from)
        expect(await isEchoed(await connect(port), Buffer.from('honest'))).toBe(true)
        expect(server.counters).toMatchObject({ failed: 0, datagramsDroppedFor: { [reason]: 3 } })
        const drop = { direction: 'inbound', reason, bytes: 6, remoteAddress: { port: portOf(port) } }
        expect(drops).toMatchObject([drop, drop, drop])
        expect(server.counters.accepted).toBe(mode === 'sessions' ? 1 : 0)
      })
    }
  }

  test('65,508 bytes are refused to their writer, on either side, which can go on', async () => {
    const port = await listen(createUdpServer() as unknown as UdpServer)
    const client = await connect(port)
    const accepted = new Promise<Connection>((resolve) => server.connections$.subscribe(resolve))
    client.write(Buffer.from('hello'))
    const session = await accepted
    const tooLarge = new Uint8Array(LARGEST + 1)
    for (const writer of [client, session]) {
      expect(() => writer.write(tooLarge)).toThrow(DatagramTooLargeError)
      expect(writer.status).toBe('open')
    }
    session.write(Buffer.from('after'))
    for await (const datagram of client) {
      expect(Buffer.from(datagram).toString()).toBe('after')
      break
    }
  })
})
