import type { Server } from 'node:net'
import { isStreamHandle, type StreamHandle } from '../ports/stream-binding.ts'

type OnConnection = (this: unknown, status: number, handle: unknown) => void

interface ServerHandle {
  onconnection?: OnConnection
}

/**
 * Takes accepted connections as handles, before Node makes sockets of them. The handle is no public interface, so this is
 * tried and not relied on: where it is not what it was, Node makes the socket and emits `connection` as ever.
 *
 * @returns whether handles are taken.
 */
export function acceptHandles(server: Server, onHandle: (handle: StreamHandle) => void): boolean {
  const { _handle: listening } = server as { readonly _handle?: ServerHandle | null }
  const original = listening?.onconnection
  if (!listening || typeof original !== 'function') return false
  listening.onconnection = function (status, handle) {
    if (status === 0 && isStreamHandle(handle)) onHandle(handle)
    else original.call(this, status, handle)
  }
  return true
}
