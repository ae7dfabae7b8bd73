import { once } from 'node:events'
import { connect, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'

/** How a connection is made, besides where to. */
export interface DialOptions {
  /** Whether over TLS. Any certificate will do: what is measured is the server. */
  readonly tls: boolean
  /** Of TLS: what an earlier connection was given to resume its session with. */
  readonly session?: Buffer | undefined
  /** The address it leaves from, where that is not to be 127.0.0.1. */
  readonly localAddress?: string | undefined
  /** Read into this, and given no chunks. */
  readonly onread?: OnReadOpts
  /** Whether it stays open for writing when the server has ended. */
  readonly allowHalfOpen?: boolean
}

/** Made once: a context reads all authorities that Node knows. */
let context: SecureContext | undefined

/** Connects to a server on 127.0.0.1. */
export function dial(port: number, { tls, session, localAddress, ...others }: DialOptions): Socket {
  const where = { port, host: '127.0.0.1', noDelay: true, ...(localAddress === undefined ? {} : { localAddress }), ...others }
  if (!tls) return connect(where)
  context ??= createSecureContext()
  const secure = { secureContext: context, rejectUnauthorized: false, ...(session && { session }) }
  return connectTls({ ...where, ...secure }).setNoDelay(true)
}

/** Resolves when a dialled connection can be written to: over TLS, after the handshake. */
export async function connected(socket: Socket): Promise<void> {
  await once(socket, socket instanceof TLSSocket ? 'secureConnect' : 'connect')
}
