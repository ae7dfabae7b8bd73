import { writeSync, writevSync } from 'node:fs'

/**
 * Hands the kernel what it takes at once and leaves it nothing to come back for: the memory is the caller's again when
 * this returns, as it is not with a request, which the kernel goes on reading from while it is under way.
 *
 * @param descriptor - of a socket that does not block.
 * @returns how many bytes it took; a negative error of the system's where the connection is broken.
 */
export function writeNow(descriptor: number, chunks: readonly Uint8Array[]): number {
  try {
    return chunks.length === 1 ? writeSync(descriptor, chunks[0] as Uint8Array) : writevSync(descriptor, chunks)
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') return 0
    if (errno === undefined) throw error
    return errno
  }
}
