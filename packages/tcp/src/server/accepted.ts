import type { Socket } from 'node:net'
import type { SocketAddress } from '@millrace/core'
import { descriptorOf, descriptorOfHandle } from '../ports/descriptor.ts'
import { HandlePort } from '../ports/handle-port.ts'
import { beneathTls } from '../tls/beneath-tls.ts'
import { NativePort } from '../ports/native-port.ts'
import type { Poller } from '../ports/poller.ts'
import { ipAddress, localAddressOf, remoteAddressOf, toSocketAddress, unixAddress } from '../socket-addresses.ts'
import { socketOn } from '../ports/socket-of.ts'
import type { TcpSocketOptions } from '../socket-options.ts'
import { SocketPort } from '../ports/socket-port.ts'
import type { StreamBinding, StreamHandle } from '../ports/stream-binding.ts'
import type { PortEvents, StreamPort } from '../ports/stream-port.ts'

/** A connection that was accepted, before anything is made of it. */
export interface Accepted {
  readonly descriptor: number | undefined
  /** Undefined where the peer has reset the connection already: the system no longer knows whose it was. */
  readonly remoteAddress: SocketAddress | undefined
  localAddress(): SocketAddress
  createPort(events: PortEvents): StreamPort
  /** In place of a port: the socket that a handshake is made over. */
  toSocket(): Socket
  /** Releases it at once, where no port was made. */
  destroy(): void
}

/** What Node's server has made a socket of. */
export function acceptedSocket(socket: Socket, unix: boolean): Accepted {
  return {
    descriptor: descriptorOf(socket),
    remoteAddress: unix ? unixAddress('') : remoteAddressOf(socket),
    localAddress: () => localAddressOf(socket),
    createPort: (events) => new SocketPort(socket, events, { resets: !unix }),
    toSocket: () => socket,
    destroy: () => void socket.on('error', () => {}).destroy(),
  }
}

/** What libuv has accepted. The socket options are set here, as Node's server would. */
export function acceptedHandle(
  handle: StreamHandle,
  { noDelay, keepAlive, keepAliveInitialDelay = 0 }: TcpSocketOptions,
  binding: StreamBinding,
): Accepted {
  if (noDelay) handle.setNoDelay?.(true)
  if (keepAlive) handle.setKeepAlive?.(true, Math.trunc(keepAliveInitialDelay / 1000))
  return {
    descriptor: descriptorOfHandle(handle),
    remoteAddress: handle.getpeername ? nameBy((into) => handle.getpeername?.(into)) : unixAddress(''),
    localAddress: () => nameBy((into) => handle.getsockname?.(into)) ?? unixAddress(''),
    createPort: (events) => new HandlePort(handle, events, binding),
    toSocket: () => beneathTls(handle),
    destroy: () => handle.close(() => {}),
  }
}

/** What the native driver has accepted; its socket options are set. */
export function acceptedNative(poller: Poller, descriptor: number): Accepted {
  return {
    descriptor,
    remoteAddress: ipAddress(poller.accepted()),
    localAddress: () => ipAddress(poller.local(descriptor)) ?? unixAddress(''),
    createPort: (events) => new NativePort(poller, descriptor, events),
    toSocket: () => {
      poller.release(descriptor)
      return socketOn(descriptor)
    },
    destroy: () => poller.close(descriptor, false),
  }
}

/** The name of an end, which the system may have forgotten. */
function nameBy(ask: (into: object) => number | undefined): SocketAddress | undefined {
  const name: { address?: string; port?: number; family?: string } = {}
  return ask(name) === 0 ? toSocketAddress(name.address, name.port, name.family) : undefined
}
