import { readSync } from 'node:fs'
import type { Server, Socket } from 'node:net'

/**
 * The number of a socket's file descriptor; undefined where it cannot be had: on Windows, on a destroyed socket, or if
 * Node stops showing it. Node documents no way to it, so whoever calls does without where there is none.
 */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as { readonly _handle?: WithDescriptor | null }
  return descriptorOfHandle(handle)
}

interface WithDescriptor {
  readonly fd?: unknown
}

/** The same of the handle beneath a socket. */
export function descriptorOfHandle(handle: WithDescriptor | null | undefined): number | undefined {
  const fd = handle?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/** The same of a server that listens. */
export function listeningDescriptor(server: Server): number | undefined {
  const { _handle: handle } = server as { readonly _handle?: WithDescriptor | null }
  return descriptorOfHandle(handle)
}

/** From Node 24 on a reset is told as one, whatever came with it. */
const TELLS_RESETS = Number.parseInt(process.versions.node) >= 24

/**
 * Looks behind the end of a socket's input: up to Node 22 a reset that arrives together with data is told as a clean
 * end (libuv/libuv#4997 mends it from Node 24 on), and a cut stream would pass for a whole one. The kernel keeps the
 * error for the next read.
 *
 * @param descriptor - the socket's; undefined where it is not known.
 * @returns the error where the end is none; undefined where it is one, or cannot be told.
 */
export function resetBehindEnd(descriptor: number | undefined): Error | undefined {
  if (descriptor === undefined || TELLS_RESETS) return undefined
  try {
    readSync(descriptor, Buffer.alloc(1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return error as Error
  }
  return undefined
}
