import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { HandlePort } from '../ports/handle-port.ts'
import { SocketPort } from '../ports/socket-port.ts'
import type { StreamBinding } from '../ports/stream-binding.ts'
import type { PortEvents, StreamPort } from '../ports/stream-port.ts'
import { tlsHandleOf } from './tls-handle.ts'

/** What a handshake has made, to be made a port of. */
export interface Secured {
  readonly secure: TLSSocket
  /** The socket that the handshake was made over. */
  readonly beneath: Socket
  /** Whether that knows resets. */
  readonly resets: boolean
  readonly binding: StreamBinding | undefined
}

/**
 * A port in the clear: on the handle beneath a `TLSSocket` where that can be had, else on the `TLSSocket`. It must be made in the
 * very callback that told of the handshake.
 */
export function securePort({ secure, beneath, resets, binding }: Secured, events: PortEvents): StreamPort {
  const handle = binding && tlsHandleOf(secure, beneath, binding)
  if (binding && handle) return new HandlePort(handle, events, binding)
  return new SocketPort(secure, events, { resets, beneath })
}
