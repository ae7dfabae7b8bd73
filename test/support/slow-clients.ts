import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls'
import type { SocketAddress } from '@millrace/core'
import { connectTcp } from '@millrace/tcp'
import { authority } from './certificates.ts'
import { type Digest, Digester } from './bytes.ts'
import type { TestTransport } from './transports.ts'

/** Where a stream server listens, as both `net.connect` and `connectTcp` take it. */
export type Endpoint = ({ readonly port: number; readonly host: string } | { readonly path: string }) & {
  /** Whether it speaks TLS, as the test's server. */
  readonly tls?: { readonly ca: string }
}

export function endpointOf({ address, port, family }: SocketAddress, transport: TestTransport['name']): Endpoint {
  const where = family === 'unix' ? { path: address } : { port, host: address }
  return transport === 'tls' ? { ...where, tls: { ca: authority } } : where
}

/**
 * A client that sends everything, then FIN, and then reads, one read in each turn of the event loop.
 *
 * Of what is more than the kernel takes, much is still on its way when the reading begins: nothing echoes without
 * limit to one who does not read.
 */
export interface SlowClient {
  readonly name: string
  exchange(endpoint: Endpoint, bytes: Uint8Array): Promise<Digest>
}

/** Less than any kernel buffers for a socket that nobody reads. */
const SURELY_TAKEN = 64 * 1024 + 1

/** Until there is something to read, or the end; the one that does not come leaves no listener. */
async function untilReadable(socket: Socket): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  const waits = [once(socket, 'readable', { signal }), once(socket, 'end', { signal })]
  try {
    await Promise.race(waits)
  } finally {
    over.abort()
    await Promise.allSettled(waits)
  }
}

async function readSlowly(socket: Socket): Promise<Digest> {
  const digester = new Digester()
  while (!socket.readableEnded) {
    const chunk = socket.read() as Buffer | null
    if (chunk) digester.push(chunk)
    else if (socket.readable) await untilReadable(socket)
    await turn()
  }
  return digester.end()
}

const raw: SlowClient = {
  name: 'node:net',
  async exchange(endpoint, bytes) {
    const { tls, ...where } = endpoint
    const options = { ...where, allowHalfOpen: true }
    const socket = tls ? tlsConnect({ ...options, ...tls } as ConnectionOptions) : connect(options)
    await once(socket, tls ? 'secureConnect' : 'connect')
    const finished = once(socket, 'finish')
    socket.end(bytes)
    if (bytes.byteLength <= SURELY_TAKEN) await finished
    return readSlowly(socket)
  },
}

const ours: SlowClient = {
  name: 'connectTcp',
  async exchange(endpoint, bytes) {
    const connection = await connectTcp(endpoint)
    connection.write(bytes)
    const ended = connection.closeWrite()
    if (bytes.byteLength <= SURELY_TAKEN) await ended
    const digester = new Digester()
    for await (const chunk of connection) {
      digester.push(chunk)
      await turn()
    }
    await connection.closed
    return digester.end()
  },
}

export const slowClients: readonly SlowClient[] = [raw, ours]
