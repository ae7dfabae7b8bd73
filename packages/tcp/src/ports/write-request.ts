import type { StreamBinding, StreamHandle, StreamRequest } from './stream-binding.ts'
import { GATHER_BYTES } from './write-queue.ts'

/** Who is told that a request is complete. */
export interface RequestOwner {
  /** @param status - negative: the system's error. */
  onComplete(status: number): void
}

type Request = StreamRequest<RequestOwner>

/** A request that the kernel served at once was never under way: the same object serves the next one, of any handle. */
let spare: Request | undefined

/**
 * Hands chunks to the kernel in one request, which mostly takes all of them in the call.
 *
 * @param chunks - unchanged while the request is under way: the kernel reads from them. Small ones are joined in the
 * array.
 * @param bytes - their length together.
 * @returns a negative error of the system's; 0 where all was taken; or the request that is under way, whose owner is to be
 * set.
 */
export function writeTo(
  handle: StreamHandle,
  { WriteWrap, streamBaseState, kLastWriteWasAsync }: StreamBinding,
  chunks: Uint8Array[],
  bytes: number,
): number | Request {
  const request = spare ?? (new WriteWrap() as Request)
  spare = undefined
  const status = hand(handle, request, chunks, bytes)
  if (status < 0) return status
  if (streamBaseState[kLastWriteWasAsync]) {
    request.oncomplete = onComplete
    return request
  }
  spare = request
  return 0
}

/** Half-closes, once everything has been sent. */
export function endWriting(handle: StreamHandle, { ShutdownWrap }: StreamBinding, owner: RequestOwner): void {
  const request = new ShutdownWrap() as Request
  request.owner = owner
  request.oncomplete = onComplete
  const status = handle.shutdown(request)
  // A connection that is broken already has no output to end.
  if (status < 0) process.nextTick(onComplete.bind(request), status)
}

function hand(handle: StreamHandle, request: Request, chunks: Uint8Array[], bytes: number): number {
  if (chunks.length === 1) return handle.writeBuffer(request, chunks[0] as Uint8Array)
  if (bytes >= chunks.length * GATHER_BYTES) return handle.writev(request, chunks, true)
  const joined = Buffer.concat(chunks, bytes)
  chunks.splice(0, chunks.length, joined)
  return handle.writeBuffer(request, joined)
}

function onComplete(this: Request, status: number): void {
  const { owner } = this
  this.owner = undefined
  owner?.onComplete(status)
}
