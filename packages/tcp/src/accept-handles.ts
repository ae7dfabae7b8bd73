import type { Server } from 'node:net'

/** What libuv gives for an accepted connection, as far as it is used here. */
interface ConnectionHandle {
  readonly useUserBuffer?: unknown
}

type OnConnection = (this: unknown, status: number, handle: ConnectionHandle | undefined) => void

interface ServerHandle {
  onconnection?: OnConnection
}

/**
 * Takes accepted connections as handles, before Node makes sockets of them: a socket that Node has accepted ignores `onread`,
 * and one that is made of the handle does not. The handle is no public interface, so this is tried and not relied on: where it
 * is not what it was, or for a connection that cannot be read so, Node makes the socket and emits `connection` as ever.
 *
 * @returns whether handles are taken.
 */
export function acceptHandles(server: Server, onHandle: (handle: object) => void): boolean {
  const { _handle: listening } = server as { readonly _handle?: ServerHandle | null }
  const original = listening?.onconnection
  if (!listening || typeof original !== 'function') return false
  listening.onconnection = function (status, handle) {
    const usable = status === 0 && typeof handle === 'object' && typeof handle.useUserBuffer === 'function'
    if (usable) onHandle(handle)
    else original.call(this, status, handle)
  }
  return true
}
