import { Socket, type SocketConstructorOpts } from 'node:net'
import type { StreamHandle } from './stream-binding.ts'

/** A socket on a handle, as Node's server makes it. */
export function socketOf(handle: StreamHandle): Socket {
  return new Socket({ handle, allowHalfOpen: true } as SocketConstructorOpts)
}

/** A socket on a descriptor, which is its own from now on. */
export function socketOn(descriptor: number): Socket {
  return new Socket({ fd: descriptor, allowHalfOpen: true })
}
