import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type Connection, handle, paced, pipeline, type Server, type ServerEvent } from '@millrace/core'
import { createUdpServer } from '@millrace/udp'
import { afterEach, expect, test, vi } from 'vitest'
import type { ServingPipeline } from './support/transports.ts'
import { describeOnDrivers } from './support/udp-drivers.ts'

/** What the kernel holds for a socket at the least, in datagrams of the sizes used here. */
const BURST = 20
const COUNT = 1_000
const MAX_SESSION_QUEUE = 64
const HIGH_WATER_MARK = 64 * 1024

type UdpServer = Server<Connection, object>
const limits = { maxSessionQueue: MAX_SESSION_QUEUE, highWaterMark: HIGH_WATER_MARK }

const servedBy = (serving: ServingPipeline): UdpServer => createUdpServer(serving, limits) as unknown as UdpServer
const unserved = (): UdpServer => createUdpServer(undefined, limits) as unknown as UdpServer
const never = new Promise<never>(() => {})

const readers: Readonly<Record<string, () => UdpServer>> = {
  'a handler that reads nothing': () => servedBy(pipeline(handle(() => never))),
  'a handler that reads one and no more': () =>
    servedBy(pipeline(handle((connection) => connection.source[Symbol.asyncIterator]().next().then(() => never)))),
  'nobody at all': unserved,
  'paced, behind a project without end': () => {
    const server = unserved()
    server.connections$.subscribe(({ data$ }) => void data$.pipe(paced(() => never)).subscribe())
    return server
  },
}

describeOnDrivers('a UDP session that is not read', () => {
  let server: UdpServer | undefined
  let socket: Socket | undefined
  afterEach(async () => {
    socket?.close()
    server?.abort()
    await server?.closed
  })

  for (const [name, make] of Object.entries(readers)) {
    for (const size of [0, 100, 4_000]) {
      test(`keeps a bounded number of datagrams and counts what it drops: ${size} bytes each, ${name}`, async () => {
        server = make()
        const drops: ServerEvent[] = []
        server.events$.subscribe((event) => void (event.type === 'datagram-dropped' && drops.push(event)))
        await server.listen({ port: 0 })
        socket = createSocket('udp4')
        socket.connect(server.address?.port ?? 0, '127.0.0.1')
        await once(socket, 'connect')

        const bound = Math.min(MAX_SESSION_QUEUE, size === 0 ? Infinity : Math.floor(HIGH_WATER_MARK / size))
        // One may be in hand, and one on its way from the session to its handler.
        const inHand = 2
        const dropped = (): number => server?.counters.datagramsDroppedFor['session-queue'] ?? 0
        for (let sent = BURST; sent <= COUNT; sent += BURST) {
          for (let i = 0; i < BURST; i++) socket.send(Buffer.alloc(size))
          await vi.waitFor(() => expect(dropped()).toBeGreaterThanOrEqual(sent - bound - inHand), { interval: 1 })
        }
        expect(dropped()).toBeLessThanOrEqual(COUNT - bound)
        expect(drops).toHaveLength(dropped())
        expect(drops[0]).toMatchObject({ direction: 'inbound', reason: 'session-queue', bytes: size })
        expect([...server.connections].map(({ bytesRead }) => bytesRead)).toEqual([(COUNT - dropped()) * size])
      })
    }
  }
})
