import { readSync } from 'node:fs'
import type { Socket } from 'node:net'

/**
 * The number of a socket's file descriptor; undefined where it cannot be had: on Windows, on a destroyed socket, or if
 * Node stops showing it. Node documents no way to it, so whoever calls does without where there is none.
 */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: unknown } | null }
  const fd = handle?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/**
 * Looks behind the end of a socket's input: up to Node 22 a reset that arrives together with data is told as a clean
 * end (libuv/libuv#4997 mends it from Node 24 on), and a cut stream would pass for a whole one. The kernel keeps the
 * error for the next read.
 *
 * @returns the error where the end is none; undefined where it is one, or cannot be told.
 */
export function resetBehindEnd(socket: Socket): Error | undefined {
  const fd = descriptorOf(socket)
  if (fd === undefined) return undefined
  try {
    readSync(fd, Buffer.alloc(1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return error as Error
  }
  return undefined
}
