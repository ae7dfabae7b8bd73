import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AnyPipeline,
  BaseServer,
  type Connection,
  createContainer,
  type Listener,
  type Pipeline,
  resolveOptions,
  SERVER_OPTIONS,
  type Server,
  type SocketAddress,
} from '@millrace/core'
import { connectionPair } from '@millrace/core/testing'
import { connectTcp, createTcpServer } from '@millrace/tcp'
import { connectUdp, createUdpServer } from '@millrace/udp'
import { authority, server as credentials } from './certificates.ts'

/** A pipeline that a server runs, whatever its messages. */
export type ServingPipeline = Pipeline<unknown, never, true>

/** A server of some transport, listening, and how to connect to it. */
export interface Running {
  readonly server: Pick<
    Server<Connection, object>,
    'abort' | 'address' | 'close' | 'closed' | 'connections' | 'connections$' | 'counters' | 'events$'
  >
  connect(): Promise<Connection>
}

/** One transport for a test to run over. */
export interface TestTransport {
  readonly name: 'memory' | 'tcp' | 'tls' | 'unix' | 'udp'
  readonly datagram: boolean
  start(pipeline?: ServingPipeline): Promise<Running>
}

type AnyServer = Running['server']

const tcp: TestTransport = {
  name: 'tcp',
  datagram: false,
  async start(pipeline) {
    const server = await (pipeline ? createTcpServer(pipeline) : createTcpServer()).listen({ port: 0 })
    const { port } = server.address as SocketAddress
    return { server: server as unknown as AnyServer, connect: () => connectTcp({ port }) }
  },
}

const tls: TestTransport = {
  name: 'tls',
  datagram: false,
  async start(pipeline) {
    const options = { tls: credentials }
    const made = pipeline ? createTcpServer(pipeline, options) : createTcpServer(undefined, options)
    const server = await made.listen({ port: 0 })
    const { port } = server.address as SocketAddress
    return { server: server as unknown as AnyServer, connect: () => connectTcp({ port, tls: { ca: authority } }) }
  },
}

const unix: TestTransport = {
  name: 'unix',
  datagram: false,
  async start(pipeline) {
    const path = join(tmpdir(), `millrace-${randomUUID()}.sock`)
    const server = await (pipeline ? createTcpServer(pipeline) : createTcpServer()).listen({ path })
    return { server: server as unknown as AnyServer, connect: () => connectTcp({ path }) }
  },
}

/** Budgets far above what the tests send back: what they limit has tests of its own. */
const generous = { maxReplyRatio: 1_000, maxReplyDatagrams: 100_000, sessionIdleTimeout: 400 }

const udp: TestTransport = {
  name: 'udp',
  datagram: true,
  async start(pipeline) {
    const made = pipeline ? createUdpServer(pipeline, generous) : createUdpServer(undefined, generous)
    const server = await made.listen({ port: 0 })
    const { port } = server.address as SocketAddress
    return { server: server as unknown as AnyServer, connect: () => connectUdp({ port }) }
  },
}

const memory: TestTransport = {
  name: 'memory',
  datagram: false,
  async start(pipeline) {
    const address: SocketAddress = { address: 'memory', port: 1, family: 'memory' }
    let accept!: Parameters<Listener<object>['listen']>[1]['accept']
    const listener: Listener<object> = {
      transport: 'memory',
      listen: async (_options, acceptor) => {
        accept = (connection) => acceptor.accept(connection)
        return address
      },
      stopAccepting() {},
      async close() {},
    }
    const limits = { ...resolveOptions('memory', SERVER_OPTIONS), highWaterMark: 256 * 1024 }
    const container = createContainer()
    const served = pipeline as AnyPipeline | undefined
    const server = new BaseServer<Connection, object>({ listener, pipeline: served, container, limits })
    await server.listen()
    const connect = async (): Promise<Connection> => {
      const [client, accepted] = connectionPair()
      accept(accepted)
      return client
    }
    return { server, connect }
  },
}

/** All transports there are. */
export const transports: readonly TestTransport[] = [memory, tcp, tls, unix, udp]
/** Those of byte streams. */
export const streams: readonly TestTransport[] = [memory, tcp, tls, unix]
