import { type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  type Acceptor,
  type BaseConnection,
  CLOCK,
  createContainer,
  type DependencyContainer,
  type ServerEvent,
  type SocketAddress,
} from '@millrace/core'
import { VirtualClock } from '@millrace/core/testing'
import { resolveServerOptions, type UdpServerOptions } from '../src/server/server-options.ts'
import type { BindOptions } from '../src/socket-options.ts'
import type { StatelessServe } from '../src/server/stateless-port.ts'
import { PeerNumbers } from '../src/drivers/peer-numbers.ts'
import type {
  ConnectedAddresses,
  OnSent,
  PeerAddress,
  Target,
  UdpDriver,
  UdpDriverEvents,
} from '../src/drivers/udp-driver.ts'
import { UdpListener } from '../src/server/udp-listener.ts'
import type { UdpSession } from '../src/session/udp-session.ts'

const LOCAL: SocketAddress = { address: '127.0.0.1', port: 10_000, family: 'IPv4' }

/** What was sent, and to where. */
export interface Sent {
  readonly data: Uint8Array
  readonly to: string
  readonly onSent: OnSent | undefined
}

/** A socket that keeps what it is given. */
export class FakeDriver implements UdpDriver {
  readonly name = 'node'
  readonly tellsFailures: boolean
  readonly numbers = new PeerNumbers()
  readonly sent: Sent[] = []
  queuedBytes = 0
  /** Batches of which nothing was kept. */
  released = 0
  closed = 0
  flushed = 0
  bound: BindOptions | undefined
  events!: UdpDriverEvents
  readonly #local: SocketAddress

  constructor(local: SocketAddress = LOCAL, tellsFailures = false) {
    this.#local = local
    this.tellsFailures = tellsFailures
  }

  bind(options: BindOptions, events: UdpDriverEvents): Promise<SocketAddress> {
    this.bound = options
    this.events = events
    return Promise.resolve(this.#local)
  }

  connect({ address, port }: PeerAddress): Promise<ConnectedAddresses> {
    return Promise.resolve({ localAddress: this.#local, remoteAddress: { address, port, family: 'IPv4' } })
  }

  keep(peer: PeerAddress): number {
    return this.numbers.keep(peer)
  }

  forget(peer: number): void {
    this.numbers.forget(peer)
  }

  send(data: Uint8Array, to: Target, onSent?: OnSent): void {
    const peer = typeof to === 'number' ? this.numbers.at(to) : to
    this.sent.push({ data, to: `${peer?.address}:${peer?.port}`, onSent })
  }

  /** Delivers datagrams, as one batch. */
  deliver(...datagrams: readonly (readonly [data: Uint8Array, address: string, port: number])[]): void {
    const at = (index: number) => datagrams[index] as (typeof datagrams)[number]
    this.events.onBatch({
      length: datagrams.length,
      data: (index) => at(index)[0],
      peer: (index) => this.numbers.find(at(index)[1], at(index)[2]),
      sender: (index) => ({ address: at(index)[1], port: at(index)[2] }),
      release: () => void this.released++,
    })
  }

  flush(): void {
    this.flushed++
  }

  close(): Promise<void> {
    this.closed++
    return Promise.resolve()
  }

  get sizes(): number[] {
    return this.sent.map(({ data }) => data.byteLength)
  }
}

/** A listener over a {@link FakeDriver}, with an acceptor that takes everybody. */
export async function listenFake(
  given: UdpServerOptions = {},
  setUp: { serve?: StatelessServe; local?: SocketAddress; tellsFailures?: boolean } = {},
) {
  const clock = new VirtualClock()
  const driver = new FakeDriver(setUp.local, setUp.tellsFailures)
  const listener = new UdpListener({
    options: resolveServerOptions(given),
    clock,
    chooseDriver: () => Promise.resolve({ driver, reason: 'a test' }),
    serveStateless: setUp.serve,
  })
  const sessions: UdpSession[] = []
  const events: ServerEvent[] = []
  const acceptor: Acceptor = {
    reserve: () => () => {},
    accept: (connection: BaseConnection) => sessions.push(connection as UdpSession) > 0,
    report: (event) => events.push(event),
  }
  await listener.listen({}, acceptor)
  events.length = 0
  const receive = (data: Uint8Array | number, address = '127.0.0.2', port = 5_000): void => {
    driver.deliver([typeof data === 'number' ? new Uint8Array(data) : data, address, port])
  }
  const drops = (): string[] => events.flatMap((event) => (event.type === 'datagram-dropped' ? [event.reason] : []))
  return { clock, driver, listener, acceptor, sessions, events, receive, drops }
}

/** A container whose clock is this one. */
export function containerWith(clock: VirtualClock): DependencyContainer {
  const container = createContainer()
  container.register(CLOCK, { useValue: clock })
  return container
}

/** A plain socket at an address of the loopback network. */
export async function plainSocket(address = '127.0.0.1', type: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
  const socket = createSocket(type)
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}

/** The next datagram of a plain socket. */
export async function received(socket: Socket): Promise<Buffer> {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data
}

/** After this, what has been written and what was told in between has gone its way. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
